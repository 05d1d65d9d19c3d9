//! Starting runs, whoever asks for one: a client, a trigger, a pipeline.

use super::parameters::{as_text, bind};
use crate::state::documents::{self, DocumentKind};
use crate::state::factories::FactoryRow;
use crate::state::runs::{self, RunRow};
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

/// What a run knows from its beginning. Kept with it as JSON.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Facts {
    /// `None` in runs of older versions, which clients started.
    pub(crate) invoked_by: Option<InvokedBy>,
    pub(crate) trigger: Option<Value>,
    /// The data factory's name.
    pub(crate) data_factory: String,
    pub(crate) global_parameters: Object,
}

/// Adds a run. The caller commits, and then rings with [`crate::app::App::advance`].
///
/// # Errors
/// `SL4007` when the pipeline is not there, `SL4020` for its parameters, `SL4005` when it is no pipeline.
pub(crate) async fn start(conn: &mut Conn, factory: &FactoryRow, new: NewRun) -> Result<RunRow, Fault> {
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
        data_factory: factory.name.clone(),
        global_parameters: global_parameters(factory)?,
    };
    let id = RunId::generate().to_string();
    let row = RunRow {
        group: id.clone(),
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
        parent: None,
        depth: 0,
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
    Ok(row)
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
