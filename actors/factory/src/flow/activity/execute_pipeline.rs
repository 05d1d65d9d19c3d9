//! ExecutePipeline: a run of another pipeline.

use super::value::{property, required, truth};
use super::{Beginning, Begun, Next};
use crate::flow::start::{InvokedBy, NewRun, Origin, Parent, start_from};
use crate::state::runs::RunRow;
use crate::state::{Conn, factories, stored};
use serde_json::{Value, json};
use sluice_contract::document::Reference;
use sluice_contract::{Code, Fault, Object};

/// How many runs may be above a run.
const DEEPEST: i64 = 100;

pub(super) async fn begin(conn: &mut Conn, beginning: &mut Beginning<'_, '_>) -> Result<Begun, Fault> {
    let (activity, run) = (beginning.activity, &beginning.running.run);
    let invalid = |what: String| Fault::new(Code::PipelineInvalid, format!("activity {}: {what}", activity.name()));
    let reference = Reference::view(required(activity, "pipeline")?);
    let reference = reference.ok_or_else(|| invalid("`pipeline` is no reference".to_owned()))?;
    if run.depth >= DEEPEST {
        return Err(invalid(format!(
            "{DEEPEST} pipelines have executed each other in a row"
        )));
    }
    let waits = match property(activity, "waitOnCompletion") {
        Some(flag) => truth(activity, "waitOnCompletion", flag)?,
        None => false,
    };
    let given = property(activity, "parameters").and_then(Value::as_object);
    let factory = factories::by_id(conn, &run.factory).await?;
    let factory = factory.ok_or_else(|| Fault::new(Code::StateFailed, "the data factory of a run is gone"))?;
    let new = NewRun {
        pipeline: reference.name.to_owned(),
        parameters: given.cloned().unwrap_or_default(),
        invoked_by: InvokedBy {
            id: beginning.id.to_owned(),
            name: activity.name().to_owned(),
            kind: "PipelineActivity".to_owned(),
        },
        trigger: None,
    };
    let origin = Origin {
        parent: Some(Parent {
            activity: beginning.id.to_owned(),
            pipeline: run.pipeline.clone(),
            run: run.id.clone(),
            depth: run.depth,
        }),
        ..Origin::default()
    };
    let child = start_from(conn, &factory, new, origin).await?;
    beginning.ring.push(child.id.clone());
    if !waits {
        return Ok(Begun::Ended(output(&child)?));
    }
    Ok(Begun::Waiting {
        due: None,
        memo: json!({}),
    })
}

/// The run that an activity waits for is over: what comes of it, and the activity's output.
///
/// # Errors
/// `SL9001`.
pub(crate) fn child_ended(name: &str, child: &RunRow) -> Result<(Next, Value), Fault> {
    let output = output(child)?;
    if child.status == "Succeeded" {
        return Ok((Next::Succeeded(output.clone()), output));
    }
    let fault = Fault::new(Code::ChildRunFailed, child.message.clone());
    let mut error = crate::flow::failure::error(name, &fault);
    // Data Factory passes the child's message on as it is.
    error["message"] = child.message.clone().into();
    error["details"] = format!("See the run {} of the pipeline {}.", child.id, child.pipeline).into();
    Ok((Next::Failed(error), output))
}

fn output(child: &RunRow) -> Result<Value, Fault> {
    let returned = child.return_value.as_deref();
    let returned: Object = returned.map_or(Ok(Object::new()), |text| stored("a run's return value", text))?;
    Ok(json!({
        "pipelineName": child.pipeline,
        "pipelineRunId": child.id,
        "pipelineReturnValue": returned,
    }))
}
