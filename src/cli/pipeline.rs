//! `sluice pipeline run`.

use super::args::PipelineRunArgs;
use super::documents::connect;
use super::output::{Output, note};
use super::progress::ProgressLine;
use crate::api::runs::verdict;
use serde_json::{Value, json};
use sluice_contract::{Code, Fault, Object};

pub(super) async fn run(args: PipelineRunArgs, output: &Output) -> Result<(), Fault> {
    let api = connect(&args.api)?;
    let run = api.create_run(&args.name, &parameters(&args.parameters)?).await?;
    if !args.wait {
        output.print(&json!({ "runId": run }), |_| format!("{run}\n"));
        return Ok(());
    }
    note(format_args!("run {run}"));
    let mut line = ProgressLine::new(&args.name);
    let ended = tokio::select! {
        ended = api.follow(&run, |progress| line.show(progress)) => ended?,
        _ = tokio::signal::ctrl_c() => {
            line.finish();
            return Err(Fault::new(Code::Cancelled, format!("no longer waiting; the run {run} goes on in the factory")));
        }
    };
    line.finish();
    let (state, activities) = ended;
    output.print(&json!({ "run": state, "activities": activities }), |_| {
        super::runs::describe(&state, &activities)
    });
    verdict(&state, &activities)
}

fn parameters(pairs: &[String]) -> Result<Value, Fault> {
    let mut parameters = Object::new();
    for pair in pairs {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| Fault::new(Code::Usage, format!("the parameter {pair:?} is not NAME=VALUE")))?;
        // Typed where it reads as JSON, text where it does not.
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
        parameters.insert(name.to_owned(), value);
    }
    Ok(Value::Object(parameters))
}
