//! What came of a call.

use crate::app::App;
use crate::flow::activity::Next;
use crate::flow::failure;
use crate::flow::run::apply;
use crate::state::web_calls::{self, CallRow};
use crate::state::{activities, runs};
use crate::wire::now;
use serde_json::Value;
use sluice_contract::{Fault, Object};

/// Where an activity ran that no gateway did.
const HERE: &str = "factory";

/// Ends the activity, or has it called again, or lets it wait for its callback; nothing when the call is not this process's
/// any more.
///
/// # Errors
/// `SL9001`.
pub(super) async fn settle(app: &App, row: &CallRow, outcome: Result<Object, Fault>) -> Result<(), Fault> {
    let mut tx = app.state.write().await?;
    if !web_calls::is_held(&mut tx, &row.activity, app.replicas.me()).await? {
        return Ok(());
    }
    let Some(activity) = activities::find(&mut tx, &row.activity).await? else {
        return Ok(());
    };
    match outcome {
        // The callback ends it, or its time.
        Ok(_) if row.hook => web_calls::delete(&mut tx, &row.activity).await?,
        Ok(mut output) => {
            web_calls::delete(&mut tx, &row.activity).await?;
            output.insert("effectiveIntegrationRuntime".to_owned(), HERE.into());
            apply(&mut tx, &activity, Next::Succeeded(Value::Object(output)), None).await?;
        }
        Err(fault) if row.failures < row.retries => {
            tracing::info!(activity = activity.name, %fault, "A web call failed and is repeated");
            let failures = row.failures + 1;
            web_calls::again(&mut tx, &row.activity, failures, now() + row.pause).await?;
            activities::set_status(&mut tx, &row.activity, "InProgress", failures).await?;
        }
        Err(fault) => {
            tracing::info!(activity = activity.name, %fault, "A web call failed");
            web_calls::delete(&mut tx, &row.activity).await?;
            let error = failure::error(&activity.name, &fault);
            apply(&mut tx, &activity, Next::Failed(error), None).await?;
        }
    }
    runs::touch(&mut tx, &row.run).await?;
    tx.commit().await?;
    app.advance(&row.run);
    Ok(())
}
