//! A run that is being advanced: what does not change while it is.

use crate::flow::Facts;
use crate::flow::parameters::typed;
use crate::state::runs::{self, RunRow};
use crate::state::scopes::ScopeRow;
use crate::state::{Conn, stored};
use crate::wire::time_text;
use serde_json::{Value, json};
use sluice_contract::document::{Activity, Pipeline, member, text};
use sluice_contract::{Code, Fault, Object};

/// A run, and its pipeline as it was when the run began.
pub(crate) struct Running {
    pub(crate) run: RunRow,
    pub(crate) body: Value,
    /// What `pipeline()` is.
    pub(crate) pipeline: Value,
    /// What `trigger()` is; null when no trigger started the run.
    pub(crate) trigger: Value,
    /// Parameters whose values are not kept.
    pub(crate) secret_parameters: Vec<String>,
}

impl Running {
    /// Reads one.
    ///
    /// # Errors
    /// `SL9001`.
    pub(crate) async fn load(conn: &mut Conn, id: &str) -> Result<Option<Self>, Fault> {
        let Some((run, body)) = runs::with_pipeline(conn, id).await? else {
            return Ok(None);
        };
        let body: Value = stored("a run's pipeline", &body)?;
        let facts: Facts = stored("a run's facts", &run.facts)?;
        let mut parameters: Object = stored("a run's parameters", &run.parameters)?;
        let secret_parameters = settle(&body, &mut parameters);
        let pipeline = pipeline(&run, &facts, parameters);
        Ok(Some(Self {
            run,
            body,
            pipeline,
            trigger: facts.trigger.unwrap_or_default(),
            secret_parameters,
        }))
    }

    /// The activities of a scope.
    ///
    /// # Errors
    /// `SL4005`, `SL4006`, `SL4011` when there are none.
    pub(crate) fn activities(&self, scope: &ScopeRow) -> Result<Vec<Activity<'_>>, Fault> {
        match self.body.pointer(&scope.path) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::Array(items)) => items.iter().map(Activity::view).collect(),
            Some(_) => Err(Fault::new(Code::PipelineInvalid, "a list of activities is no array")),
        }
    }

    /// The activity at a place of the pipeline, as it was written.
    ///
    /// # Errors
    /// `SL9002` when there is none.
    pub(crate) fn activity(&self, path: &str) -> Result<Activity<'_>, Fault> {
        let found = self.body.pointer(path);
        let found = found.ok_or_else(|| Fault::new(Code::Internal, "an activity is not where it was"))?;
        Activity::view(found)
    }

    /// The declaration of a variable: its name as it was declared, and its object.
    pub(crate) fn variable(&self, name: &str) -> Option<(&str, &Value)> {
        let declared = Pipeline::view(&self.body).ok()?.variables();
        let found = declared.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some((found.0.as_str(), found.1))
    }
}

/// Gives the parameters of runs of older versions, which were all kept as texts, their types, and takes out those that
/// are secret.
fn settle(body: &Value, parameters: &mut Object) -> Vec<String> {
    let declared = match Pipeline::view(body) {
        Ok(pipeline) => pipeline.parameters().clone(),
        Err(_) => return Vec::new(),
    };
    let mut secret = Vec::new();
    for (name, declaration) in &declared {
        let kind = declaration
            .as_object()
            .and_then(|d| text(d, "type"))
            .unwrap_or_default();
        if kind.eq_ignore_ascii_case("SecureString") {
            parameters.remove(name);
            secret.push(name.clone());
        } else if let Some(value) = parameters.get_mut(name)
            && let Ok(value_typed) = typed(kind, value)
        {
            *value = value_typed;
        }
    }
    secret
}

fn pipeline(run: &RunRow, facts: &Facts, parameters: Object) -> Value {
    let by = facts.invoked_by.as_ref();
    let trigger = facts.trigger.as_ref().and_then(Value::as_object);
    let of_trigger = |name: &str| trigger.and_then(|t| member(t, name)).cloned();
    // When the trigger fired; a run that nobody's clock started was triggered when it was asked for.
    let time = of_trigger("startTime").unwrap_or_else(|| time_text(run.started).into());
    json!({
        "DataFactory": facts.data_factory,
        "Pipeline": run.pipeline,
        "RunId": run.id,
        "GroupId": run.group,
        "TriggerType": by.map_or("Manual", |by| by.kind.as_str()),
        "TriggerId": by.map_or(run.invoked_id.as_str(), |by| by.id.as_str()),
        "TriggerName": by.map_or("Manual", |by| by.name.as_str()),
        "TriggerTime": time,
        "TriggeredByPipelineName": facts.parent.as_ref().map(|parent| &parent.pipeline),
        "TriggeredByPipelineRunId": facts.parent.as_ref().map(|parent| &parent.run),
        "parameters": parameters,
        "globalParameters": facts.global_parameters,
    })
}
