//! From a Lookup to a job.

use super::task::{missing, over_dataset};
use super::{Planned, Work};
use crate::state::Conn;
use serde_json::Value;
use sluice_contract::Fault;
use sluice_contract::document::member;
use sluice_contract::job::Task;

/// Plans a Lookup: its `source` says what is asked of the dataset's store.
///
/// # Errors
/// As [`over_dataset`].
pub(super) async fn plan(conn: &mut Conn, work: &Work<'_>) -> Result<Planned, Fault> {
    let source = member(work.activity.type_properties(), "source").and_then(Value::as_object);
    let source = source.ok_or_else(|| missing(work, "typeProperties.source"))?;
    over_dataset(conn, work, Task::Lookup, source, work.activity.policy()?).await
}
