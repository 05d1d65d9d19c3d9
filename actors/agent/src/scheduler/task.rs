//! From a job's specification to a task at work.

use super::live::LiveJob;
use crate::hub::Hub;
use sluice_contract::job::{TaskOutcome, TaskSpec};
use sluice_contract::{Code, Fault};
use std::sync::Arc;

/// Performs the task.
pub(super) async fn task(_hub: &Arc<Hub>, _live: &Arc<LiveJob>, work: &TaskSpec) -> Result<TaskOutcome, Fault> {
    let text = format!("this node does not run {}", work.kind.as_str());
    Err(Fault::new(Code::JobInvalid, text))
}
