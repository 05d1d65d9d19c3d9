//! Starting runs, whoever asks for one: a client, a trigger, a pipeline.

use super::parameters::{as_text, bind};
use crate::state::documents::{self, DocumentKind};
use crate::state::factories::FactoryRow;
use crate::state::runs::{self, RunRow};
use crate::state::scopes::{self, ScopeRow};
use crate::state::{Conn, json, stored};
use crate::wire::now;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sluice_contract::document::{Pipeline, member};
use sluice_contract::{Code, Fault, Object, RunId};

/// Who started a run, as clients see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InvokedBy {
    pub(crate) id: String,
    /// `Manual`, or the name of the trigger or pipeline.
    pub(crate) name: String,
    /// `Manual`, `PipelineActivity`, or the trigger's type such as `ScheduleTrigger`.
    #[serde(rename = "invokedByType")]
    pub(crate) kind: String,
}

impl InvokedBy {
    /// A client's request.
    pub(crate) fn manual() -> Self {
        Self {
            id: uuid::Uuid::new_v4().simple().to_string(),
            name: "Manual".to_owned(),
            kind: "Manual".to_owned(),
        }
    }
}

/// A run that is to be.
#[derive(Clone, Debug)]
pub(crate) struct NewRun {
    /// The pipeline's name.
    pub(crate) pipeline: String,
    /// What it is given for its parameters; texts, or values of their types.
    pub(crate) parameters: Object,
    pub(crate) invoked_by: InvokedBy,
    /// What `trigger()` is in the run's expressions: an object with `outputs`, `scheduledTime`, `startTime`.
    pub(crate) trigger: Option<Value>,
}

/// Where a run comes from, besides who asked for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    pub(crate) parent: Option<Parent>,
    /// The run that it repeats.
    pub(crate) repeats: Option<RunRow>,
}

/// The activity that started a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Parent {
    /// The activity run.
    pub(crate) activity: String,
    /// Its pipeline.
    pub(crate) pipeline: String,
    /// Its run.
    pub(crate) run: String,
    /// How many runs are above that one.
    pub(crate) depth: i64,
}

/// What a run knows from its beginning. Kept with it as JSON.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Facts {
    /// `None` in runs of older versions, which clients started.
    pub(crate) invoked_by: Option<InvokedBy>,
    pub(crate) trigger: Option<Value>,
    /// The activity that started it.
    pub(crate) parent: Option<Parent>,
    /// The data factory's name.
    pub(crate) data_factory: String,
    pub(crate) global_parameters: Object,
}

/// Adds a run. The caller commits, and then rings with [`crate::app::App::advance`].
///
/// # Errors
/// `SL4007` when the pipeline is not there, `SL4020` for its parameters, `SL4005` when it is no pipeline.
pub(crate) async fn start(conn: &mut Conn, factory: &FactoryRow, new: NewRun) -> Result<RunRow, Fault> {
    start_from(conn, factory, new, Origin::default()).await
}

/// Adds a run that comes from another one.
///
/// # Errors
/// As [`start`].
pub(crate) async fn start_from(
    conn: &mut Conn,
    factory: &FactoryRow,
    new: NewRun,
    origin: Origin,
) -> Result<RunRow, Fault> {
    let pipeline = documents::find(conn, &factory.id, DocumentKind::Pipeline, &new.pipeline)
        .await?
        .ok_or_else(|| {
            let what = format!("there is no pipeline named {}", new.pipeline);
            Fault::new(Code::ReferenceMissing, what)
        })?;
    let body: Value = stored("a pipeline", &pipeline.body)?;
    let view = Pipeline::view(&body)?;
    let about = format!("pipeline {}", pipeline.name);
    let mut parameters = bind(&about, view.parameters(), &new.parameters)?;
    for (name, value) in &new.parameters {
        if member(&parameters, name).is_none() {
            parameters.insert(name.clone(), as_text(value));
        }
    }
    let facts = Facts {
        invoked_by: Some(new.invoked_by.clone()),
        trigger: new.trigger,
        parent: origin.parent.clone(),
        data_factory: factory.name.clone(),
        global_parameters: global_parameters(factory)?,
    };
    let id = RunId::generate().to_string();
    let group = origin.repeats.map(|run| run.group);
    if let Some(group) = &group {
        runs::supersede(conn, group).await?;
    }
    let row = RunRow {
        group: group.unwrap_or_else(|| id.clone()),
        id,
        factory: factory.id.clone(),
        pipeline: pipeline.name,
        parameters: json(&parameters)?,
        status: "Queued".to_owned(),
        message: String::new(),
        cancel: false,
        started: now(),
        ended: None,
        updated: now(),
        invoked_id: new.invoked_by.id,
        facts: json(&facts)?,
        is_latest: true,
        depth: origin.parent.as_ref().map_or(0, |parent| parent.depth + 1),
        parent: origin.parent.map(|parent| parent.activity),
        concurrency: view.concurrency(),
        annotations: json(
            &view
                .annotations()
                .filter(|a| a.is_array())
                .unwrap_or(&Value::Array(Vec::new())),
        )?,
        return_value: None,
    };
    runs::insert(conn, &row, &pipeline.body).await?;
    let mut scope = ScopeRow::of_run(&row.id);
    if let Some(key) = key_of_activities(&body) {
        scope.path = format!("/properties/{key}");
    }
    scopes::insert(conn, &scope).await?;
    Ok(row)
}

/// How a pipeline spells `activities`.
fn key_of_activities(body: &Value) -> Option<&String> {
    let properties = body.get("properties")?.as_object()?;
    let is = |key: &&String| key.eq_ignore_ascii_case("activities");
    properties
        .keys()
        .find(is)
        .filter(|_| !properties.contains_key("activities"))
}

/// The values of the data factory's global parameters: `properties.globalParameters` of its document.
fn global_parameters(factory: &FactoryRow) -> Result<Object, Fault> {
    let body: Object = stored("a data factory", &factory.body)?;
    let declared = member(&body, "properties")
        .and_then(Value::as_object)
        .and_then(|properties| member(properties, "globalParameters"))
        .and_then(Value::as_object);
    let values = declared.into_iter().flatten().filter_map(|(name, declaration)| {
        let value = member(declaration.as_object()?, "value")?;
        Some((name.clone(), value.clone()))
    });
    Ok(values.collect())
}
