//! Activities that the factory runs itself: how many a second go through the orchestrator, in a short run and in a long one.

use crate::place::Place;
use serde_json::{Value, json};
use sluice_tests::poll::until;
use sluice_tests::rest::Rest;
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(1800);
/// Activities of one iteration: three that are there, and the one in the branch.
const EACH: u64 = 4;

/// Loops of so many iterations. If the cost of an activity grew with its run, the long one would show it.
pub(crate) async fn run(place: &Place, iterations: u64) {
    println!(
        "\nOrchestrator on {}: ForEach of four activities each, 20 at a time",
        place.name
    );
    let rest = place.factory.rest();
    rest.put("", &json!({ "location": "here" })).await.ok();
    for count in [iterations / 10, iterations] {
        rest.put("pipelines/Loop", &pipeline(count)).await.ok();
        let (seconds, activities) = one(&rest, count).await;
        println!(
            "  {count} iterations: {activities} activities in {seconds:.1} s, {:.0} a second",
            activities as f64 / seconds
        );
    }
}

async fn one(rest: &Rest, iterations: u64) -> (f64, u64) {
    let run = rest.start("Loop").await;
    let over = until("the run to end", DEADLINE, || async {
        rest.run(&run).await.filter(|run| !run["runEnd"].is_null())
    })
    .await;
    assert_eq!(over["status"], "Succeeded", "{over:#}");
    let seconds = over["durationInMs"].as_f64().unwrap() / 1000.0;
    (seconds.max(0.001), iterations * EACH + 1)
}

fn pipeline(iterations: u64) -> Value {
    let e = |text: &str| json!({ "type": "Expression", "value": text });
    let after = |name: &str| json!([{ "activity": name, "dependencyConditions": ["Succeeded"] }]);
    let append = json!({ "name": "Add", "type": "AppendVariable",
        "typeProperties": { "variableName": "list", "value": e("@concat('item ', item())") } });
    let set = json!({ "name": "Set", "type": "SetVariable", "dependsOn": after("Add"),
        "typeProperties": { "variableName": "last", "value": e("@activity('Add').output.value") } });
    let branch = json!({ "name": "If", "type": "IfCondition", "dependsOn": after("Set"), "typeProperties": {
        "expression": e("@greaterOrEquals(item(), 0)"), "ifTrueActivities": [
            { "name": "Keep", "type": "SetVariable", "typeProperties": { "variableName": "last", "value": e("@string(item())") } }] } });
    json!({ "properties": {
        "variables": { "list": { "type": "Array" }, "last": { "type": "String" } },
        "activities": [{ "name": "Each", "type": "ForEach", "typeProperties": {
            "items": e(&format!("@range(0, {iterations})")), "activities": [append, set, branch] } }] } })
}
