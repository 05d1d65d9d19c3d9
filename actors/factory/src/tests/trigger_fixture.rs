//! What tests of triggers do with a factory.

use super::fixture::{Answer, Fixture, PATIENCE};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The hour at which a window begins.
pub(in crate::tests) fn hour(run: &Value) -> String {
    run["properties"]["windowStartTime"].as_str().unwrap()[..13].to_owned()
}

impl Fixture {
    /// What triggers fired, in order, once there is as much of it as is expected.
    pub(in crate::tests) async fn trigger_runs(&self, trigger: &str, count: usize) -> Vec<Value> {
        let filter = json!({ "filters": [{ "operand": "TriggerName", "operator": "Equals", "values": [trigger] }],
            "orderBy": [{ "orderBy": "TriggerRunTimestamp", "order": "ASC" }] });
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.post("/queryTriggerRuns", filter.clone()).await.ok();
            let runs = found["value"].as_array().unwrap();
            if runs.len() >= count {
                return runs.clone();
            }
            assert!(Instant::now() < deadline, "{found:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Starts a trigger at a moment.
    pub(in crate::tests) async fn start_trigger(&self, name: &str, moment: DateTime<Utc>) {
        self.factory.clock().set(moment);
        let answer = self.post(&format!("/triggers/{name}/start"), json!({})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// Waits until the windows of a trigger are in these states, by their start; all of them.
    pub(in crate::tests) async fn windows_are(&self, trigger: &str, wanted: &[&str]) -> Vec<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut runs = self.trigger_runs(trigger, 0).await;
            runs.sort_by_key(hour);
            let states: Vec<&str> = runs.iter().map(|run| run["status"].as_str().unwrap()).collect();
            if states == wanted {
                return runs;
            }
            assert!(Instant::now() < deadline, "{states:?} are not {wanted:?}: {runs:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(in crate::tests) async fn trigger(&self, name: &str, body: Value) {
        self.put(&format!("/triggers/{name}"), body).await.ok();
    }

    pub(in crate::tests) async fn of_run(&self, trigger: &str, run: &Value, verb: &str) -> Answer {
        let id = run["triggerRunId"].as_str().unwrap();
        self.post(&format!("/triggers/{trigger}/triggerRuns/{id}/{verb}"), json!({}))
            .await
    }

    /// Waits until the only window of a trigger has failed so often.
    pub(in crate::tests) async fn window_failed(&self, trigger: &str, failures: i64) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let run = self.trigger_runs(trigger, 1).await.remove(0);
            if run["failures"] == failures && run["status"] != "Running" {
                return run;
            }
            assert!(Instant::now() < deadline, "{run:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
