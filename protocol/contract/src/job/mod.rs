//! What an activity asks of a gateway, how far it is, and what came of it.

mod copied;
mod progress;
mod spec;
mod task;

pub use copied::{ColumnDigest, CopyOutcome};
pub use progress::{Checkpoint, CopyProgress};
pub use spec::{CopySpec, Endpoint, JobSpec, Work};
pub use task::{Outcome, OutputPart, Task, TaskOutcome, TaskSpec};
