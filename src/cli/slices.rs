//! `sluice slices`: the windows in which a dataset is made.

use super::args::SlicesArgs;
use super::documents::connect;
use super::output::{Output, note, table};
use serde_json::{Value, json};
use sluice_contract::Fault;

pub(super) async fn run(args: &SlicesArgs, output: &Output) -> Result<(), Fault> {
    match &args.set {
        Some(state) => set(args, state).await,
        None => list(args, output).await,
    }
}

async fn list(args: &SlicesArgs, output: &Output) -> Result<(), Fault> {
    let given = [("start", &args.from), ("end", &args.to)];
    let query: Vec<(&str, &str)> = given
        .iter()
        .filter_map(|(name, value)| value.as_deref().map(|value| (*name, value)))
        .collect();
    let path = ["datasets", args.dataset.as_str(), "slices"];
    let reply = connect(&args.api)?.get_with(&path, &query).await?;
    let slices = reply["value"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows: Vec<_> = slices
        .iter()
        .map(|slice| {
            let state = match slice["subState"].as_str() {
                Some("") | None => text(&slice["state"]),
                Some(sub) => format!("{} ({sub})", text(&slice["state"])),
            };
            vec![
                text(&slice["start"]),
                text(&slice["end"]),
                state,
                text(&slice["pipeline"]),
                text(&slice["runId"]),
                text(&slice["message"]),
            ]
        })
        .collect();
    output.print(&json!(slices), |_| {
        table(&["START", "END", "STATE", "PIPELINE", "RUN", "MESSAGE"], &rows)
    });
    Ok(())
}

async fn set(args: &SlicesArgs, state: &str) -> Result<(), Fault> {
    let kind = if args.upstream {
        "UpstreamInPipeline"
    } else {
        "Individual"
    };
    let body = json!({ "sliceState": state, "updateType": kind, "start": args.from, "end": args.to });
    let path = ["datasets", args.dataset.as_str(), "setSliceStatus"];
    let reply = connect(&args.api)?.post(&path, &body).await?;
    note(format_args!(
        "{} slices of {} are set to {state}",
        reply["slices"], args.dataset
    ));
    Ok(())
}
