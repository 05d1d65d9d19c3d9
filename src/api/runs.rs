//! Starting pipelines, and following their runs.

use super::Api;
use serde_json::{Value, json};
use sluice_contract::job::CopyProgress;
use sluice_contract::{Code, Fault};
use std::time::Duration;

/// How often a run is asked for its state.
const POLL: Duration = Duration::from_millis(250);

impl Api {
    /// Starts a pipeline and returns the run's id.
    pub(crate) async fn create_run(&self, pipeline: &str, parameters: &Value) -> Result<String, Fault> {
        let reply = self.post(&["pipelines", pipeline, "createRun"], parameters).await?;
        reply["runId"]
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| Fault::new(Code::ApiRefused, "the reply to createRun has no runId"))
    }

    /// The activity runs of a run.
    pub(crate) async fn activity_runs(&self, run: &str) -> Result<Vec<Value>, Fault> {
        let body = json!({ "lastUpdatedAfter": "2000-01-01T00:00:00Z", "lastUpdatedBefore": "2100-01-01T00:00:00Z" });
        let mut reply = self.post(&["pipelineruns", run, "queryActivityruns"], &body).await?;
        match reply["value"].take() {
            Value::Array(runs) => Ok(runs),
            _ => Err(Fault::new(
                Code::ApiRefused,
                "the reply to queryActivityruns has no list",
            )),
        }
    }

    /// Waits for the end of a run, telling `progress` on the way, and returns the run with its activities.
    pub(crate) async fn follow(
        &self,
        run: &str,
        mut progress: impl FnMut(&CopyProgress),
    ) -> Result<(Value, Vec<Value>), Fault> {
        loop {
            let state = self.get(&["pipelineruns", run]).await?;
            let activities = self.activity_runs(run).await?;
            let over = matches!(state["status"].as_str(), Some("Succeeded" | "Failed" | "Cancelled"));
            if let Some(now) = activities.iter().rev().find_map(in_progress) {
                progress(&now);
            }
            if over {
                return Ok((state, activities));
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// The live progress that the factory adds to the output of a running copy.
fn in_progress(activity: &Value) -> Option<CopyProgress> {
    serde_json::from_value(activity["progress"].clone()).ok()
}

/// The fault of a run that did not succeed.
pub(crate) fn verdict(run: &Value, activities: &[Value]) -> Result<(), Fault> {
    let status = run["status"].as_str().unwrap_or_default();
    if status == "Succeeded" {
        return Ok(());
    }
    if status == "Cancelled" {
        return Err(Fault::new(Code::Cancelled, "the run was cancelled"));
    }
    let failed = activities.iter().find(|activity| activity["status"] == "Failed");
    let (code, message) = match failed {
        Some(activity) => (
            activity["error"]["errorCode"].as_str(),
            activity["error"]["message"].as_str(),
        ),
        None => (None, run["message"].as_str()),
    };
    let code = code.and_then(Code::parse).unwrap_or(Code::ApiRefused);
    let name = failed
        .and_then(|activity| activity["activityName"].as_str())
        .unwrap_or("the run");
    Err(Fault::new(code, format!("{name}: {}", message.unwrap_or("it failed"))))
}
