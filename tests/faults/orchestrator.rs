//! The factory is killed in the middle of a pipeline with loops: it ends as it would have without.

use serde_json::{Value, json};
use sluice_tests::factory::Factory;
use sluice_tests::poll::until;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(120);

fn e(text: &str) -> Value {
    json!({ "type": "Expression", "value": text })
}

/// Three items, four inner items each, with pauses in between to die in.
fn pipeline() -> Value {
    let append = |name: &str, after: &str| {
        let on = match after {
            "" => json!([]),
            name => json!([{ "activity": name, "dependencyConditions": ["Succeeded"] }]),
        };
        json!({ "name": name, "type": "AppendVariable", "dependsOn": on,
            "typeProperties": { "variableName": "list", "value": e("@concat('n', item())") } })
    };
    let wait = json!({ "name": "Pause", "type": "Wait", "dependsOn": [{ "activity": "Inner", "dependencyConditions": ["Succeeded"] }],
        "typeProperties": { "waitTimeInSeconds": 1 } });
    let inner = json!({ "name": "Loop", "type": "ForEach", "dependsOn": [{ "activity": "Outer", "dependencyConditions": ["Succeeded"] }],
        "typeProperties": { "batchCount": 2, "items": e("@range(mul(item(), 10), 4)"),
            "activities": [append("Inner", ""), wait, append("Late", "Pause")] } });
    let outer = json!({ "name": "Each", "type": "ForEach", "typeProperties": { "isSequential": true, "items": e("@range(1, 3)"),
        "activities": [append("Outer", ""), inner] } });
    let end = json!({ "name": "End", "type": "SetVariable", "dependsOn": [{ "activity": "Each", "dependencyConditions": ["Succeeded"] }],
        "typeProperties": { "variableName": "count", "value": e("@length(variables('list'))") } });
    json!({ "properties": { "activities": [outer, end],
        "variables": { "list": { "type": "Array" }, "count": { "type": "Integer" } } } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_factory_runs_every_iteration_once() {
    let mut factory = Factory::start();
    let rest = factory.rest();
    rest.put("", &json!({ "location": "here" })).await.ok();
    rest.put("pipelines/Loops", &pipeline()).await.ok();
    let run = rest.start("Loops").await;
    // It dies whenever a few more activities have begun.
    for begun in [3, 9, 14, 22] {
        until("activities to begin", PATIENCE, || async {
            let rows = rest.activities(&run).await?;
            (rows.len() >= begun).then_some(())
        })
        .await;
        factory.restart();
    }
    let over = until("the run to end", PATIENCE, || async {
        rest.run(&run).await.filter(|run| !run["runEnd"].is_null())
    })
    .await;
    assert_eq!(over["status"], "Succeeded", "{over:#}");
    let rows = rest.activities(&run).await.unwrap();
    let of = |name: &str| rows.iter().filter(|row| row["activityName"] == name).count();
    assert_eq!(
        (of("Outer"), of("Loop"), of("Inner"), of("Pause"), of("Late")),
        (3, 3, 12, 12, 12)
    );
    let end = rows.iter().find(|row| row["activityName"] == "End").unwrap();
    assert_eq!(end["output"]["value"], 3 + 12 + 12, "{end:#}");
}
