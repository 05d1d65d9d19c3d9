//! The `output` of an activity, from what its node reported.

use crate::state::jobs::JobRow;
use crate::state::{Conn, job_outputs};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sluice_contract::job::{Outcome, TaskOutcome};
use sluice_contract::{Code, Fault, Object};

/// Rows that were published; none for what is no copy.
pub(crate) fn rows(outcome: &Outcome) -> u64 {
    match outcome {
        Outcome::Copy(copy) => copy.rows_copied,
        Outcome::Task(_) => 0,
    }
}

/// The activity's `output`.
///
/// # Errors
/// `SL3005` when the pieces that came before do not make one.
pub(crate) async fn of(conn: &mut Conn, job: &JobRow, outcome: &Outcome, gateway: &str) -> Result<Value, Fault> {
    let task = match outcome {
        Outcome::Copy(copy) => return Ok(copy.to_adf_output(gateway)),
        Outcome::Task(task) => task,
    };
    let mut output = match task.parts {
        0 => task.output.clone(),
        _ => assembled(job, task, &job_outputs::of_job(conn, &job.id, job.token).await?)?,
    };
    job_outputs::forget(conn, &job.id).await?;
    output.insert("effectiveIntegrationRuntime".to_owned(), gateway.into());
    Ok(Value::Object(output))
}

/// Whether all pieces are here. They may be overtaken by the message that says how many there are; the node sends it again.
pub(crate) async fn is_whole(conn: &mut Conn, job: &JobRow, outcome: &Outcome) -> Result<bool, Fault> {
    match outcome {
        Outcome::Task(task) if task.parts > 0 => {
            let here = job_outputs::of_job(conn, &job.id, job.token).await?.len();
            Ok(here == task.parts as usize)
        }
        _ => Ok(true),
    }
}

fn assembled(job: &JobRow, task: &TaskOutcome, pieces: &[String]) -> Result<Object, Fault> {
    let broken = |why: String| {
        let text = format!("the output of job {} came in {} pieces: {why}", job.id, task.parts);
        Fault::new(Code::MessageInvalid, text)
    };
    let mut text = Vec::new();
    for piece in pieces {
        text.extend(STANDARD.decode(piece).map_err(|error| broken(error.to_string()))?);
    }
    serde_json::from_slice(&text).map_err(|error| broken(error.to_string()))
}
