//! `sluice run list` and `sluice run show`.

use super::args::{RunListArgs, RunShowArgs};
use super::documents::connect;
use super::output::{Output, table};
use serde_json::{Value, json};
use sluice_contract::Fault;

pub(super) async fn list(args: RunListArgs, output: &Output) -> Result<(), Fault> {
    let api = connect(&args.api)?;
    let filter = |operand: &str, value: &Option<String>| {
        value
            .as_ref()
            .map(|value| json!({ "operand": operand, "operator": "Equals", "values": [value] }))
    };
    let filters: Vec<_> = [filter("PipelineName", &args.pipeline), filter("Status", &args.status)]
        .into_iter()
        .flatten()
        .collect();
    let body = json!({
        "lastUpdatedAfter": "2000-01-01T00:00:00Z",
        "lastUpdatedBefore": "2100-01-01T00:00:00Z",
        "filters": filters,
        "orderBy": [{ "orderBy": "RunStart", "order": "DESC" }],
    });
    let reply = api.post(&["queryPipelineRuns"], &body).await?;
    let runs = reply["value"].as_array().cloned().unwrap_or_default();
    let rows: Vec<_> = runs
        .iter()
        .map(|run| {
            ["runId", "pipelineName", "status", "runStart", "durationInMs"]
                .map(|member| cell(&run[member]))
                .to_vec()
        })
        .collect();
    output.print(&json!(runs), |_| {
        table(&["RUN", "PIPELINE", "STATUS", "START", "MS"], &rows)
    });
    Ok(())
}

pub(super) async fn show(args: RunShowArgs, output: &Output) -> Result<(), Fault> {
    let api = connect(&args.api)?;
    let run = api.get(&["pipelineruns", &args.run]).await?;
    let activities = api.activity_runs(&args.run).await?;
    output.print(&json!({ "run": run, "activities": activities }), |_| {
        describe(&run, &activities)
    });
    Ok(())
}

/// A run and its activities for people.
pub(super) fn describe(run: &Value, activities: &[Value]) -> String {
    let mut text = String::new();
    for (label, member) in [
        ("Run", "runId"),
        ("Pipeline", "pipelineName"),
        ("Status", "status"),
        ("Start", "runStart"),
        ("End", "runEnd"),
        ("Message", "message"),
    ] {
        let value = cell(&run[member]);
        if value != "-" && !value.is_empty() {
            text += &format!("{label:<9} {value}\n");
        }
    }
    let rows: Vec<_> = activities
        .iter()
        .map(|activity| {
            let output = &activity["output"];
            vec![
                cell(&activity["activityName"]),
                cell(&activity["status"]),
                cell(&output["rowsRead"]),
                cell(&output["rowsCopied"]),
                cell(&output["dataRead"]),
                cell(&output["dataWritten"]),
                cell(&output["throughput"]),
            ]
        })
        .collect();
    text += "\n";
    text += &table(
        &[
            "ACTIVITY",
            "STATUS",
            "ROWS READ",
            "ROWS COPIED",
            "BYTES READ",
            "BYTES WRITTEN",
            "KiB/s",
        ],
        &rows,
    );
    text += &histories(activities);
    for activity in activities
        .iter()
        .filter(|activity| activity["waitingBecause"].is_string())
    {
        text += &format!(
            "\n{} waits because {}\n",
            cell(&activity["activityName"]),
            cell(&activity["waitingBecause"])
        );
    }
    for activity in activities {
        let message = cell(&activity["error"]["message"]);
        if activity["status"] == "Failed" {
            let code = cell(&activity["error"]["errorCode"]);
            // Most messages begin with it.
            let message = match message.starts_with(&code) {
                true => message,
                false => format!("{code}: {message}"),
            };
            text += &format!("\n{}: {message}\n", cell(&activity["activityName"]));
        }
    }
    text
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What became of every attempt, of the activities that needed more than one.
fn histories(activities: &[Value]) -> String {
    let attempts = |activity: &Value| activity["attempts"].as_array().cloned().unwrap_or_default();
    let mut rows = Vec::new();
    for activity in activities.iter().filter(|activity| attempts(activity).len() > 1) {
        for attempt in attempts(activity) {
            rows.push(vec![
                cell(&activity["activityName"]),
                cell(&attempt["attempt"]),
                cell(&attempt["node"]),
                cell(&attempt["began"]),
                cell(&attempt["status"]),
                cell(&attempt["rows"]),
                cell(&attempt["errorCode"]),
            ]);
        }
    }
    match rows.is_empty() {
        true => String::new(),
        false => {
            let head = ["ACTIVITY", "ATTEMPT", "NODE", "BEGAN", "STATUS", "ROWS", "ERROR"];
            format!("\n{}", table(&head, &rows))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::describe;
    use serde_json::json;

    #[test]
    fn a_code_stands_once() {
        let failed = |code: &str, message: &str| {
            let activity =
                json!({"activityName": "c", "status": "Failed", "error": {"errorCode": code, "message": message}});
            describe(&json!({}), &[activity])
        };
        assert!(failed("SL5021", "SL5021: no").ends_with("\nc: SL5021: no\n"));
        assert!(failed("2200", "no").ends_with("\nc: 2200: no\n"));
    }
}
