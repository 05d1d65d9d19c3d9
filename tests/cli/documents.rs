//! `sluice validate` and `sluice apply`: what people have in their folders.

use super::factory::call;
use serde_json::json;
use sluice_tests::binary::{Outcome, run};
use sluice_tests::factory::Factory;
use std::path::Path;

/// Writes files as their authors did: with comments and commas too many.
fn folder(dir: &Path) -> String {
    let write = |file: &str, text: &str| {
        let path = dir.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "integrationRuntime/onprem.json",
        "\u{feff}{ \"name\": \"onprem\", \"properties\": { \"type\": \"SelfHosted\", }, }",
    );
    write(
        "integrationRuntime/Azure.json",
        r#"{ "name": "Azure", "properties": { "type": "Managed", "typeProperties": {} } }"#,
    );
    write(
        "linkedService/Files.json",
        r#"{ "name": "Files", "properties": { // local
            "type": "FileServer", "typeProperties": { "host": "/srv" },
            "connectVia": { "referenceName": "onprem", "type": "IntegrationRuntimeReference" } } }"#,
    );
    write(
        "linkedService/Sap.json",
        r#"{ "name": "Sap", "properties": { "type": "SapHana", "typeProperties": {} } }"#,
    );
    write(
        "dataset/Out.json",
        r#"{ "name": "Out", "properties": { "type": "Parquet", "parameters": { "day": { "type": "string" } },
            "linkedServiceName": { "referenceName": "Files", "type": "LinkedServiceReference" },
            "typeProperties": { "location": { "type": "FileServerLocation", "fileName": "@concat(dataset().day, '.parquet')" } } } }"#,
    );
    write(
        "pipeline/Copy.json",
        r#"{ "name": "Copy", "properties": { "activities": [ { "name": "c", "type": "Copy",
            "inputs": [ { "referenceName": "Out", "type": "DatasetReference", "parameters": { "day": "a" } } ],
            "outputs": [ { "referenceName": "Out", "type": "DatasetReference", "parameters": { "day": "b" } } ],
            "typeProperties": { "source": { "type": "ParquetSource" }, "sink": { "type": "ParquetSink" } } } ] } }"#,
    );
    write("publish_config.json", r#"{ "publishBranch": "adf_publish" }"#);
    dir.display().to_string()
}

fn rows(ran: &Outcome, pick: &str) -> Vec<String> {
    let value = ran.json();
    let list = value
        .as_array()
        .cloned()
        .or_else(|| value["documents"].as_array().cloned())
        .unwrap();
    let mut rows: Vec<String> = list
        .iter()
        .map(|row| format!("{} {}", row[pick].as_str().unwrap(), row["name"].as_str().unwrap()))
        .collect();
    rows.sort();
    rows
}

#[test]
fn validate_says_what_runs_what_is_stored_and_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let path = folder(dir.path());
    let ran = run(&["validate", &path, "-o", "json"]).expect(0);
    assert_eq!(
        rows(&ran, "verdict"),
        [
            "runs Copy",
            "runs Files",
            "runs Out",
            "runs onprem",
            "stored Azure",
            "stored Sap"
        ]
    );
    let value = ran.json();
    assert_eq!(value["counts"], json!({ "runs": 4, "stored": 2, "wrong": 0 }));
    assert_eq!(value["skipped"].as_array().unwrap().len(), 1, "{value:#}");
    assert_eq!(run(&["validate", &path, "--strict"]).expect_fault("SL4070").code, 1);

    // A slip of the pen, with its place.
    let pipeline = dir.path().join("pipeline/Copy.json");
    let text = std::fs::read_to_string(&pipeline).unwrap();
    std::fs::write(&pipeline, text.replace("\"ParquetSink\"", "\"ParquetSnik\"")).unwrap();
    let ran = run(&["validate", &path]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let line = format!(
        "{}:4:90: wrong[SL4006]: activity c: there is no sink of type \"ParquetSnik\"; did you mean ParquetSink?",
        pipeline.display()
    );
    assert!(ran.stdout.contains(&line), "{}", ran.stdout);
}

#[test]
fn templates_take_parameters_and_no_secrets_from_arguments() {
    let dir = tempfile::tempdir().unwrap();
    let template = json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "parameters": { "factoryName": { "type": "string" }, "host": { "type": "string" }, "pw": { "type": "securestring" } },
        "resources": [{
            "type": "Microsoft.DataFactory/factories/linkedServices", "name": "[concat(parameters('factoryName'), '/Db')]",
            "properties": { "type": "PostgreSql", "typeProperties": { "server": "[parameters('host')]", "password": "[parameters('pw')]" } },
        }],
    });
    let file = dir.path().join("template.json");
    std::fs::write(&file, template.to_string()).unwrap();
    let file = file.to_str().unwrap();
    let open = run(&["validate", file]);
    assert!(
        open.stdout.contains("SL4073") && open.stdout.contains("`pw` has no value"),
        "{}",
        open.stdout
    );
    let refused = run(&["validate", file, "--set", "host=db", "--set", "pw=canary"]).expect_fault("SL4074");
    assert!(!refused.stderr.contains("canary"), "{}", refused.stderr);
    let secret = dir.path().join("pw");
    std::fs::write(&secret, "canary\n").unwrap();
    let from_file = format!("pw={}", secret.display());
    let ran = run(&[
        "validate",
        file,
        "--set",
        "host=db",
        "--set-file",
        &from_file,
        "-o",
        "json",
    ])
    .expect(0);
    assert!(!ran.stdout.contains("canary"), "{}", ran.stdout);
    assert_eq!(rows(&ran, "verdict"), ["runs Db"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_plans_makes_and_changes_only_what_differs() {
    let dir = tempfile::tempdir().unwrap();
    let path = folder(dir.path());
    let factory = Factory::start();
    let apply = |extra: &[&str]| call(&factory, &[&["apply", &path, "-o", "json"], extra].concat());

    let dry = apply(&["--dry-run"]).expect(0);
    assert!(dry.stderr.contains("5 would be created"), "{}", dry.stderr);
    let rows_of_first = [
        "create Copy",
        "create Files",
        "create Out",
        "create Sap",
        "create onprem",
        "left out Azure",
    ];
    assert_eq!(rows(&dry, "action"), rows_of_first);
    // Nothing was made: the same plan again.
    assert_eq!(rows(&apply(&[]).expect(0), "action"), rows_of_first);
    let again = apply(&[]).expect(0);
    assert!(
        rows(&again, "action")
            .iter()
            .all(|row| row.starts_with("unchanged") || row == "left out Azure"),
        "{}",
        again.stdout
    );

    let sap = dir.path().join("linkedService/Sap.json");
    std::fs::write(
        &sap,
        r#"{ "name": "Sap", "properties": { "type": "SapHana", "description": "x", "typeProperties": {} } }"#,
    )
    .unwrap();
    let changed = apply(&[]).expect(0);
    let changes: Vec<String> = rows(&changed, "action")
        .into_iter()
        .filter(|row| row.starts_with("update"))
        .collect();
    assert_eq!(changes, ["update Sap"]);

    // With one mistake nothing is sent.
    std::fs::write(
        &sap,
        r#"{ "name": "Sap", "properties": { "type": "SapHanna", "typeProperties": {} } }"#,
    )
    .unwrap();
    std::fs::write(
        dir.path().join("pipeline/New.json"),
        r#"{ "properties": { "activities": [] } }"#,
    )
    .unwrap();
    let refused = apply(&[]).expect_fault("SL4070");
    assert!(refused.stderr.contains("did you mean SapHana?"), "{}", refused.stderr);
    let list = factory.rest().get("/pipelines").await.ok();
    assert_eq!(list["value"].as_array().unwrap().len(), 1, "{list:#}");
}
