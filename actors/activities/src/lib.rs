//! What a node does for activities other than copies.
//!
//! Each takes the connections that it needs, does its work once, and answers with the activity's `output` in ADF's words. It
//! knows the traits of `stores/core` and no concrete store. Whoever drops the future stops the work.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod log;
mod look;
mod lookup;
mod metadata;
mod procedure;
mod remove;
mod script;
mod settings;
mod validation;

pub use look::look;

use sluice_contract::job::{Task, TaskSpec};
use sluice_contract::{Code, Fault, Object};
use sluice_store_core::{CommitKey, Connection};
use std::sync::Arc;

/// A task with what it needs.
pub struct TaskJob<'a> {
    /// What is asked.
    pub spec: &'a TaskSpec,
    /// The store that is asked.
    pub store: Option<Arc<dyn Connection>>,
    /// Where a log is written.
    pub log: Option<Arc<dyn Connection>>,
    /// The attempt: what it stages is named after it.
    pub key: CommitKey,
    /// The activity run's id, in the names of logs.
    pub activity_run: String,
}

impl TaskJob<'_> {
    fn store(&self) -> Result<&Arc<dyn Connection>, Fault> {
        self.store.as_ref().ok_or_else(|| {
            let text = format!("{} names no dataset or linked service", self.spec.kind.as_str());
            Fault::new(Code::PropertyMissing, text)
        })
    }
}

/// Does the work once; the activity's `output`.
///
/// # Errors
/// `SL60xx`. A script's or a deletion's part that was done before stays done.
pub async fn perform(job: TaskJob<'_>) -> Result<Object, Fault> {
    match job.spec.kind {
        Task::Lookup => lookup::run(&job).await,
        Task::GetMetadata => metadata::run(&job).await,
        Task::Delete => remove::run(&job).await,
        Task::Validation => validation::run(&job).await,
        Task::Script => script::run(&job).await,
        Task::SqlServerStoredProcedure => procedure::run(&job).await,
        Task::WebActivity => {
            let text = "a web address is no store: it is called by another part of the node";
            Err(Fault::new(Code::Internal, text))
        }
    }
}
