//! `sluice trigger`: triggers, and what they fired.

use super::args::{ApiArgs, TriggerArgs, TriggerCommand, TriggerRunArgs, TriggerRunsArgs};
use super::documents::connect;
use super::output::{Output, note, table};
use serde_json::{Value, json};
use sluice_contract::Fault;

pub(super) async fn run(command: TriggerCommand, output: &Output) -> Result<(), Fault> {
    match command {
        TriggerCommand::List(args) => list(&args, output).await,
        TriggerCommand::Show(args) => show(&args, output).await,
        TriggerCommand::Start(args) => change(&args, "start", "is started").await,
        TriggerCommand::Stop(args) => change(&args, "stop", "is stopped").await,
        TriggerCommand::Status(args) => status(&args, output).await,
        TriggerCommand::Runs(args) => runs(&args, output).await,
        TriggerCommand::Rerun(args) => one_run(&args, "rerun", "runs again").await,
        TriggerCommand::Cancel(args) => one_run(&args, "cancel", "is being cancelled").await,
    }
}

async fn list(args: &ApiArgs, output: &Output) -> Result<(), Fault> {
    let triggers = connect(args)?.list(&["triggers"]).await?;
    let rows: Vec<_> = triggers
        .iter()
        .map(|trigger| {
            let properties = &trigger["properties"];
            vec![
                cell(&trigger["name"]),
                cell(&properties["type"]),
                cell(&properties["runtimeState"]),
                pipelines(properties),
            ]
        })
        .collect();
    output.print(&json!(triggers), |_| {
        table(&["TRIGGER", "TYPE", "STATE", "PIPELINES"], &rows)
    });
    Ok(())
}

/// The names of the pipelines that a trigger starts.
fn pipelines(properties: &Value) -> String {
    let many = properties["pipelines"].as_array().into_iter().flatten();
    let names = many
        .chain([&properties["pipeline"]])
        .filter_map(|item| item["pipelineReference"]["referenceName"].as_str());
    names.collect::<Vec<_>>().join(", ")
}

async fn show(args: &TriggerArgs, output: &Output) -> Result<(), Fault> {
    let trigger = connect(&args.api)?.get(&["triggers", &args.name]).await?;
    output.print(&trigger, |trigger| {
        // A Value always serializes.
        serde_json::to_string_pretty(trigger).unwrap_or_default() + "\n"
    });
    Ok(())
}

async fn change(args: &TriggerArgs, verb: &str, done: &str) -> Result<(), Fault> {
    let path = ["triggers", args.name.as_str(), verb];
    connect(&args.api)?.post(&path, &json!({})).await?;
    note(format_args!("The trigger {} {done}", args.name));
    Ok(())
}

/// What a trigger of files says of its looks.
async fn status(args: &TriggerArgs, output: &Output) -> Result<(), Fault> {
    let path = ["triggers", args.name.as_str(), "getEventSubscriptionStatus"];
    let status = connect(&args.api)?.post(&path, &json!({})).await?;
    let row = vec![
        cell(&status["triggerName"]),
        cell(&status["status"]),
        cell(&status["lastLook"]),
        cell(&status["message"]),
    ];
    output.print(&status, |_| {
        table(&["TRIGGER", "STATUS", "LAST LOOK", "MESSAGE"], &[row])
    });
    Ok(())
}

async fn runs(args: &TriggerRunsArgs, output: &Output) -> Result<(), Fault> {
    let equals = |operand: &str, value: &Option<String>| {
        value
            .as_ref()
            .map(|value| json!({ "operand": operand, "operator": "Equals", "values": [value] }))
    };
    let filters = [equals("TriggerName", &args.name), equals("Status", &args.status)];
    let body = json!({
        "lastUpdatedAfter": "2000-01-01T00:00:00Z",
        "lastUpdatedBefore": "2100-01-01T00:00:00Z",
        "filters": filters.into_iter().flatten().collect::<Vec<_>>(),
        "orderBy": [{ "orderBy": "TriggerRunTimestamp", "order": "DESC" }],
    });
    let reply = connect(&args.api)?.post(&["queryTriggerRuns"], &body).await?;
    let runs = reply["value"].as_array().cloned().unwrap_or_default();
    let rows: Vec<_> = runs
        .iter()
        .map(|run| {
            vec![
                cell(&run["triggerRunId"]),
                cell(&run["triggerName"]),
                cell(&run["status"]),
                slot(&run["properties"]),
                started(run),
                cell(&run["message"]),
            ]
        })
        .collect();
    output.print(&json!(runs), |_| {
        table(&["RUN", "TRIGGER", "STATUS", "FOR", "PIPELINE RUNS", "MESSAGE"], &rows)
    });
    Ok(())
}

/// The window, the file, or the time that was scheduled.
fn slot(properties: &Value) -> String {
    let short = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        text.strip_suffix(".0000000Z")
            .map_or(text.to_owned(), |text| format!("{text}Z"))
    };
    let text = |name: &str| properties[name].as_str();
    match (text("windowStartTime"), text("fileName")) {
        (Some(_), _) => format!(
            "{} .. {}",
            short(&properties["windowStartTime"]),
            short(&properties["windowEndTime"])
        ),
        (None, Some(file)) => match text("folderPath").unwrap_or_default() {
            "" => file.to_owned(),
            folder => format!("{folder}/{file}"),
        },
        (None, None) => short(&properties["ScheduleTime"]),
    }
}

fn started(run: &Value) -> String {
    let runs = run["triggeredPipelines"].as_object().into_iter().flatten();
    let ids = runs.filter_map(|(_, id)| id.as_str());
    ids.collect::<Vec<_>>().join(", ")
}

async fn one_run(args: &TriggerRunArgs, verb: &str, done: &str) -> Result<(), Fault> {
    let path = ["triggers", args.name.as_str(), "triggerRuns", args.run.as_str(), verb];
    connect(&args.api)?.post(&path, &json!({})).await?;
    note(format_args!("The trigger run {} {done}", args.run));
    Ok(())
}

fn cell(value: &Value) -> String {
    value.as_str().unwrap_or("-").to_owned()
}
