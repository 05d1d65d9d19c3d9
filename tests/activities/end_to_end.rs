//! Through REST: a factory plans, a gateway's node works, and the output is in the activity run.

use serde_json::{Value, json};
use sluice_tests::documents::postgres_source;
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::postgres::Postgres;
use sluice_tests::rest::Rest;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

async fn service(rest: &Rest, name: &str, kind: &str, properties: &Value) {
    let via = json!({ "type": "IntegrationRuntimeReference", "referenceName": "onprem" });
    let document = json!({ "properties": { "type": kind, "connectVia": via, "typeProperties": properties } });
    rest.put(&format!("linkedservices/{name}"), &document).await.ok();
}

async fn dataset(rest: &Rest, name: &str, service: &str, kind: &str, properties: &Value) {
    let document = json!({ "properties": { "type": kind, "typeProperties": properties,
        "linkedServiceName": { "type": "LinkedServiceReference", "referenceName": service } } });
    rest.put(&format!("datasets/{name}"), &document).await.ok();
}

/// Runs one activity; its run.
async fn run(rest: &Rest, name: &str, activity: Value) -> Value {
    let mut activity = activity;
    activity["name"] = json!(name);
    let pipeline = json!({ "properties": { "activities": [activity] } });
    rest.put(&format!("pipelines/{name}"), &pipeline).await.ok();
    rest.end_of(&rest.start(name).await, PATIENCE).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_activity_on_a_store_runs_on_a_gateway() {
    let (postgres, factory, dir) = (Postgres::start(), Factory::start(), tempfile::tempdir().unwrap());
    let _gateway = Gateway::start(&factory, "onprem").await;
    let rest = factory.rest();
    postgres
        .sql("CREATE TABLE big AS SELECT n, repeat('x', 100) AS filler FROM generate_series(1, 4000) n")
        .await;
    std::fs::write(dir.path().join("a.csv"), "n\n1\n").unwrap();
    let table = postgres_source(&postgres, "public", "big");
    service(&rest, "Db", table.service, &table.properties).await;
    dataset(&rest, "Big", "Db", table.dataset, &table.table).await;
    service(&rest, "Files", "FileServer", &json!({ "host": dir.path() })).await;
    let location =
        json!({ "location": { "type": "FileServerLocation", "fileName": "a.csv" }, "firstRowAsHeader": true });
    dataset(&rest, "File", "Files", "DelimitedText", &location).await;
    let set = |name: &str| json!({ "type": "DatasetReference", "referenceName": name });
    let db = json!({ "type": "LinkedServiceReference", "referenceName": "Db" });

    // More than a message of the channel holds: it comes in parts.
    let lookup = json!({ "type": "Lookup", "typeProperties": { "dataset": set("Big"), "firstRowOnly": false,
        "source": { "type": "PostgreSqlV2Source", "query": "SELECT * FROM big ORDER BY n" } } });
    let done = run(&rest, "Look", lookup).await;
    assert_eq!(done["status"], "Succeeded", "{done:#}");
    assert_eq!(
        (&done["output"]["count"], &done["output"]["value"][3999]["n"]),
        (&json!(4000), &json!(4000))
    );
    assert_eq!(done["output"]["effectiveIntegrationRuntime"], "onprem");
    assert!(done["output"].to_string().len() > 400_000);

    let script = json!({ "type": "Script", "linkedServiceName": db, "typeProperties": { "scripts": [
        { "type": "NonQuery", "text": "DELETE FROM big WHERE n > 10" }, { "type": "Query", "text": "SELECT count(*) FROM big" }] } });
    let done = run(&rest, "Script", script).await;
    assert_eq!(done["output"]["resultSets"][0]["rows"][0]["count"], 10, "{done:#}");
    assert_eq!(done["output"]["recordsAffected"], 3990);

    let metadata = json!({ "type": "GetMetadata", "typeProperties": { "dataset": set("File"), "fieldList": ["size", "columnCount"] } });
    let done = run(&rest, "Meta", metadata).await;
    assert_eq!(
        (&done["output"]["size"], &done["output"]["columnCount"]),
        (&json!(4), &json!(1)),
        "{done:#}"
    );

    let validation = json!({ "type": "Validation", "typeProperties": { "dataset": set("File"), "timeout": "0.00:00:30", "sleep": 1 } });
    let done = run(&rest, "Valid", validation.clone()).await;
    assert_eq!(
        (&done["status"], &done["output"]["exists"]),
        (&json!("Succeeded"), &json!(true)),
        "{done:#}"
    );

    let delete = json!({ "type": "Delete", "typeProperties": { "dataset": set("File"), "enableLogging": false,
        "storeSettings": { "type": "FileServerReadSettings", "recursive": false } } });
    let done = run(&rest, "Del", delete).await;
    assert_eq!(
        (&done["output"]["filesDeleted"], &done["output"]["datasetName"]),
        (&json!(1), &json!("File")),
        "{done:#}"
    );
    assert!(!dir.path().join("a.csv").exists());

    let mut late = validation;
    late["typeProperties"]["timeout"] = json!("0.00:00:02");
    let done = run(&rest, "Late", late).await;
    assert_eq!(
        (&done["status"], &done["error"]["errorCode"]),
        (&json!("Failed"), &json!("SL7005")),
        "{done:#}"
    );

    let wrong = json!({ "type": "Script", "linkedServiceName": db, "typeProperties": { "scripts": [{ "type": "Query", "text": "SELEC" }] } });
    let done = run(&rest, "Wrong", wrong).await;
    assert_eq!(
        (&done["status"], &done["error"]["errorCode"]),
        (&json!("Failed"), &json!("SL6010")),
        "{done:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_that_runs_is_cancelled_in_the_database() {
    let (postgres, factory) = (Postgres::start(), Factory::start());
    let _gateway = Gateway::start(&factory, "onprem").await;
    let rest = factory.rest();
    let table = postgres_source(&postgres, "public", "big");
    service(&rest, "Db", table.service, &table.properties).await;
    let db = json!({ "type": "LinkedServiceReference", "referenceName": "Db" });
    let script = json!({ "name": "S", "type": "Script", "linkedServiceName": db,
        "typeProperties": { "scripts": [{ "type": "Query", "text": "SELECT pg_sleep(600) AS slept" }] } });
    rest.put("pipelines/Long", &json!({ "properties": { "activities": [script] } }))
        .await
        .ok();
    let run = rest.start("Long").await;
    let active = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%' AND state = 'active'";
    sluice_tests::poll::until("the statement", PATIENCE, || async {
        (postgres.one(active).await == "1").then_some(())
    })
    .await;
    rest.post(&format!("pipelineruns/{run}/cancel"), &json!({})).await.ok();
    let done = rest.end_of(&run, PATIENCE).await;
    assert_eq!(done["status"], "Cancelled", "{done:#}");
    sluice_tests::poll::until("its end", PATIENCE, || async {
        (postgres.one(active).await == "0").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_looked_up_goes_into_the_activities_behind_it() {
    let (postgres, factory) = (Postgres::start(), Factory::start());
    let _gateway = Gateway::start(&factory, "onprem").await;
    let rest = factory.rest();
    postgres
        .sql("CREATE TABLE marks (name text, value int); INSERT INTO marks VALUES ('a', 41)")
        .await;
    let table = postgres_source(&postgres, "public", "marks");
    service(&rest, "Db", table.service, &table.properties).await;
    dataset(&rest, "Marks", "Db", table.dataset, &table.table).await;
    let lookup = json!({ "name": "L", "type": "Lookup", "typeProperties": {
        "dataset": { "type": "DatasetReference", "referenceName": "Marks" }, "source": { "type": "PostgreSqlV2Source" } } });
    let script = json!({ "name": "S", "type": "Script", "dependsOn": [{ "activity": "L", "dependencyConditions": ["Succeeded"] }],
        "linkedServiceName": { "type": "LinkedServiceReference", "referenceName": "Db" },
        "typeProperties": { "scripts": [{ "type": "NonQuery", "text": "INSERT INTO marks VALUES (@name, @value)", "parameters": [
            { "name": "name", "type": "String", "value": { "type": "Expression", "value": "@concat(activity('L').output.firstRow.name, '!')" } },
            { "name": "value", "type": "Int32", "value": "@add(activity('L').output.firstRow.value, 1)" }] }] } });
    let pipeline = json!({ "properties": { "activities": [lookup, script] } });
    rest.put("pipelines/Both", &pipeline).await.ok();
    let run = rest.start("Both").await;
    sluice_tests::poll::until("the end of the run", PATIENCE, || async {
        let state = rest.run(&run).await?;
        matches!(state["status"].as_str(), Some("Succeeded" | "Failed")).then_some(())
    })
    .await;
    let activities = rest.activities(&run).await.unwrap();
    assert!(
        activities.iter().all(|activity| activity["status"] == "Succeeded"),
        "{activities:#?}"
    );
    assert_eq!(postgres.one("SELECT value FROM marks WHERE name = 'a!'").await, "42");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_calls_a_web_address() {
    let factory = Factory::start();
    let _gateway = Gateway::start(&factory, "onprem").await;
    let rest = factory.rest();
    let via = json!({ "type": "IntegrationRuntimeReference", "referenceName": "onprem" });
    let call = |more: Value| {
        let mut properties = json!({ "method": "GET", "connectVia": via, "disableCertValidation": true });
        for (name, value) in more.as_object().unwrap() {
            properties[name] = value.clone();
        }
        json!({ "type": "WebActivity", "typeProperties": properties })
    };
    // The factory's own server answers as well as any other.
    let token = json!({ "Authorization": format!("Bearer {}", rest.token) });
    let answered = call(json!({ "url": format!("{}/openapi.json", rest.base), "headers": token }));
    let done = run(&rest, "Web", answered).await;
    assert_eq!(done["status"], "Succeeded", "{done:#}");
    assert!(done["output"]["openapi"].is_string(), "{done:#}");
    assert!(
        done["output"]["ADFWebActivityResponseHeaders"]["content-type"]
            .as_str()
            .unwrap()
            .contains("json"),
        "{done:#}"
    );
    assert_eq!(done["output"]["effectiveIntegrationRuntime"], "onprem");
    let nowhere = call(
        json!({ "url": format!("{}{}", rest.base, rest.path("pipelines/None")), "headers": { "Authorization": "Bearer canary-web" } }),
    );
    let done = run(&rest, "Refused", nowhere).await;
    assert_eq!(done["error"]["errorCode"], "SL6024", "{done:#}");
    assert!(done["error"]["message"].as_str().unwrap().contains("401"), "{done:#}");
    let untrusted = call(json!({ "url": format!("{}/openapi.json", rest.base), "disableCertValidation": false }));
    let done = run(&rest, "Untrusted", untrusted).await;
    assert_eq!(done["error"]["errorCode"], "SL6024", "{done:#}");
    let secret = call(json!({ "url": rest.base, "authentication": { "type": "MSI", "resource": "x" } }));
    let done = run(&rest, "Msi", secret).await;
    assert_eq!(done["error"]["errorCode"], "SL6026", "{done:#}");
    let metadata = call(json!({ "url": "http://169.254.169.254/latest/meta-data" }));
    let done = run(&rest, "Metadata", metadata).await;
    assert_eq!(done["status"], "Failed", "{done:#}");
}
