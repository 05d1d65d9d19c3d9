//! What a job is to do.

use super::{Checkpoint, TaskSpec};
use crate::Object;
use crate::ids::RunId;
use serde::{Deserialize, Serialize};

/// One job: all a node needs to know, and no secret in clear.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct JobSpec {
    /// The pipeline run it belongs to.
    pub run: RunId,
    /// The pipeline's name.
    pub pipeline: String,
    /// The activity's name.
    pub activity: String,
    /// The activity run's id; empty from an older factory.
    pub activity_run: String,
    /// What is to be done.
    pub work: Work,
    /// Seconds the attempt may take.
    pub timeout_s: u64,
    /// How many attempts may follow this one when it fails.
    pub retries_left: u32,
    /// Members of a newer version, kept.
    pub extra: Object,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Data are copied from one store to another.
    Copy(Box<CopySpec>),
    /// One store, or a web address, is asked something.
    Task(Box<TaskSpec>),
}

/// A Copy activity.
#[derive(Clone, Debug, PartialEq)]
pub struct CopySpec {
    /// Where to read.
    pub source: Endpoint,
    /// Where to write.
    pub sink: Endpoint,
    /// Where the session log of `logSettings` is written; its folder stands in the settings.
    pub log: Option<Endpoint>,
    /// Where `redirectIncompatibleRowSettings` writes the rows that are left out.
    pub redirect: Option<Endpoint>,
    /// The Copy activity's other `typeProperties` (`parallelCopies`, `translator` ...), as the client wrote them.
    pub settings: Object,
    /// Where an earlier attempt stopped, if it left something to go on with.
    pub checkpoint: Option<Checkpoint>,
}

impl JobSpec {
    /// The copy, if it is one.
    pub fn copy(&self) -> Option<&CopySpec> {
        match &self.work {
            Work::Copy(copy) => Some(copy),
            Work::Task(_) => None,
        }
    }

    /// The copy, if it is one, to be changed.
    pub fn copy_mut(&mut self) -> Option<&mut CopySpec> {
        match &mut self.work {
            Work::Copy(copy) => Some(copy),
            Work::Task(_) => None,
        }
    }

    /// Every linked service that it uses.
    pub fn endpoints(&self) -> impl Iterator<Item = &Endpoint> {
        let ends: [Option<&Endpoint>; 4] = match &self.work {
            Work::Copy(copy) => [
                Some(&copy.source),
                Some(&copy.sink),
                copy.log.as_ref(),
                copy.redirect.as_ref(),
            ],
            Work::Task(task) => [task.store.as_ref(), task.log.as_ref(), None, None],
        };
        ends.into_iter().flatten()
    }
}

/// The form on the wire. A copy stands in it as it always did, so that older nodes and factories read it; other work is in
/// `task`, and an older node says of it that the source is missing.
#[derive(Clone, Serialize, Deserialize)]
struct Wire {
    run: RunId,
    pipeline: String,
    activity: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    activity_run: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    task: Option<Box<TaskSpec>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<Endpoint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sink: Option<Endpoint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    log: Option<Endpoint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    redirect: Option<Endpoint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    settings: Option<Object>,
    timeout_s: u64,
    #[serde(default)]
    retries_left: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checkpoint: Option<Checkpoint>,
    #[serde(flatten)]
    extra: Object,
}

impl TryFrom<Wire> for JobSpec {
    type Error = String;

    fn try_from(wire: Wire) -> Result<Self, String> {
        let work = match (wire.task, wire.source, wire.sink) {
            (Some(task), None, None) => Work::Task(task),
            (None, Some(source), Some(sink)) => Work::Copy(Box::new(CopySpec {
                source,
                sink,
                log: wire.log,
                redirect: wire.redirect,
                settings: wire.settings.unwrap_or_default(),
                checkpoint: wire.checkpoint,
            })),
            (None, None, _) => return Err("missing field `source`".to_owned()),
            (None, _, None) => return Err("missing field `sink`".to_owned()),
            (Some(_), _, _) => return Err("both a copy and a task".to_owned()),
        };
        Ok(Self {
            run: wire.run,
            pipeline: wire.pipeline,
            activity: wire.activity,
            activity_run: wire.activity_run,
            work,
            timeout_s: wire.timeout_s,
            retries_left: wire.retries_left,
            extra: wire.extra,
        })
    }
}

impl From<JobSpec> for Wire {
    fn from(spec: JobSpec) -> Self {
        let mut wire = Self {
            run: spec.run,
            pipeline: spec.pipeline,
            activity: spec.activity,
            activity_run: spec.activity_run,
            task: None,
            source: None,
            sink: None,
            log: None,
            redirect: None,
            settings: None,
            timeout_s: spec.timeout_s,
            retries_left: spec.retries_left,
            checkpoint: None,
            extra: spec.extra,
        };
        match spec.work {
            Work::Task(task) => wire.task = Some(task),
            Work::Copy(copy) => {
                wire.source = Some(copy.source);
                wire.sink = Some(copy.sink);
                wire.log = copy.log;
                wire.redirect = copy.redirect;
                wire.settings = Some(copy.settings);
                wire.checkpoint = copy.checkpoint;
            }
        }
        wire
    }
}

/// One side of a job: a linked service, a dataset, and the activity's `source`, `sink` or settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The linked service's name: the identity of its connector.
    pub name: String,
    /// The linked service's `type`, such as `PostgreSqlV2`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The linked service's `typeProperties`, secrets removed.
    pub properties: Object,
    /// The sealed credential (compact JWE), if the linked service has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
    /// The dataset's `type`; empty in a probe.
    #[serde(default)]
    pub dataset_kind: String,
    /// The dataset's `typeProperties`.
    #[serde(default)]
    pub dataset: Object,
    /// The activity's `source` or `sink` object.
    #[serde(default)]
    pub activity: Object,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// The member of [`Endpoint::extra`] with the stores of secrets.
const SECRET_STORES: &str = "secretStores";

impl Endpoint {
    /// The linked services that its secrets refer to, with their own sealed credentials.
    pub fn secret_stores(&self) -> Vec<Endpoint> {
        let stores = self.extra.get(SECRET_STORES).cloned();
        stores
            .and_then(|stores| serde_json::from_value(stores).ok())
            .unwrap_or_default()
    }

    /// The same with these stores of secrets.
    #[must_use]
    pub fn with_secret_stores(mut self, stores: &[Endpoint]) -> Self {
        if !stores.is_empty() {
            // Plain data: serializing cannot fail.
            let stores = serde_json::to_value(stores).unwrap_or(serde_json::Value::Null);
            self.extra.insert(SECRET_STORES.to_owned(), stores);
        }
        self
    }
}
