//! Settings that would change the data are refused before anything is opened; the others are named.

use super::source::rows;
use super::support::Bench;
use serde_json::{Value, json};
use sluice_contract::job::CopyOutcome;
use sluice_contract::{Code, Fault, Object};
use std::sync::atomic::Ordering;

fn object(value: Value) -> Object {
    value.as_object().cloned().unwrap()
}

async fn copy(settings: Value, source: Value, sink: Value) -> Result<CopyOutcome, Fault> {
    let mut bench = Bench::new(rows(100, 2, 10), &[]);
    bench.options.settings = object(settings);
    bench.source.activity = object(source);
    bench.sink.activity = object(sink);
    let result = bench.run().await;
    if result.is_err() {
        bench.untouched();
        assert_eq!(bench.store.opened.load(Ordering::SeqCst), 0, "something was opened");
    }
    result
}

async fn refused(settings: Value, source: Value, sink: Value, code: Code, names: &str) {
    let asked = format!("{settings} {source} {sink}");
    let fault = match copy(settings, source, sink).await {
        Ok(_) => panic!("{asked} was copied"),
        Err(fault) => fault,
    };
    assert_eq!(fault.code, code, "{asked}: {fault}");
    assert!(fault.message.contains(names), "{fault} does not name {names}");
    assert!(!fault.retryable, "{fault:?}");
}

#[tokio::test]
async fn what_would_change_the_data_is_refused() {
    for (settings, names) in [
        // Nobody has resolved the linked service.
        (
            json!({"EnableSkipIncompatibleRow": true, "redirectIncompatibleRowSettings": {"path": "x"}}),
            "redirectIncompatibleRowSettings",
        ),
        (
            json!({"logSettings": {"logLocationSettings": {"linkedServiceName": "l", "path": "x"}}}),
            "logSettings",
        ),
        (json!({"preserve": ["Attributes"]}), "preserve"),
        (json!({"preserveRules": ["ACL"]}), "preserveRules"),
        (json!({"shuffleRows": true}), "shuffleRows"),
    ] {
        refused(settings, json!({}), json!({}), Code::ActivityUnsupported, names).await;
    }
    for (source, names) in [
        (json!({"recursive": false}), "source.recursive"),
        (json!({"oracleReaderQuery": "SELECT 1"}), "source.oracleReaderQuery"),
    ] {
        refused(json!({}), source, json!({}), Code::ActivityUnsupported, names).await;
    }
    for (sink, names) in [
        (
            json!({"sqlWriterStoredProcedureName": "p"}),
            "sink.sqlWriterStoredProcedureName",
        ),
        (
            json!({"storeSettings": {"metadata": [{"name": "a", "value": "b"}]}}),
            "sink.storeSettings.metadata",
        ),
    ] {
        refused(json!({}), json!({}), sink, Code::ActivityUnsupported, names).await;
    }
}

#[tokio::test]
async fn expressions_that_decide_are_refused() {
    let expression = json!({"type": "Expression", "value": "@pipeline().parameters.x"});
    for (settings, source) in [
        (json!({"translator": expression}), json!({})),
        (json!({"enableSkipIncompatibleRow": "@equals(1, 1)"}), json!({})),
        (json!({"validateDataConsistency": expression}), json!({})),
        (
            json!({"translator": {"type": "TabularTranslator", "mappings": [{"source": {"name": "@item()"}}]}}),
            json!({}),
        ),
        (json!({}), json!({"additionalColumns": expression})),
        (
            json!({}),
            json!({"additionalColumns": [{"name": "a", "value": "@utcnow()"}]}),
        ),
    ] {
        refused(settings, source, json!({}), Code::ExpressionUnsupported, "expression").await;
    }
}

#[tokio::test]
async fn what_asks_for_nothing_is_accepted_in_silence() {
    let outcome = copy(
        json!({"enableStaging": false, "enableSkipIncompatibleRow": false, "skipErrorFile": {"fileMissing": false},
               "logSettings": {"enableCopyActivityLog": false}, "preserve": [], "redirectIncompatibleRowSettings": null, "parallelCopies": 4, "shuffleRows": false,
               "Source": {"type": "x"}}),
        json!({"type": "ParquetSource", "partitionOption": "None", "recursive": true, "query": "SELECT 1",
               "additionalColumns": [], "storeSettings": {"type": "FileServerReadSettings", "recursive": true}}),
        json!({"type": "ParquetSink", "disableMetricsCollection": false, "writeBehavior": "insert",
               "storeSettings": {"copyBehavior": "MergeFiles"}, "upsertSettings": {"useTempDB": true}}),
    );
    assert_eq!(outcome.await.unwrap().warnings, ["made up"]);
}

#[tokio::test]
async fn what_changes_nothing_is_named_once() {
    let settings = json!({"enableStaging": true, "dataIntegrationUnits": 4, "parallelCopies": 500});
    let source = json!({"queryTimeout": "02:00:00", "sourceRetryCount": 3});
    let sink = json!({"writeBatchSize": 10000, "storeSettings": {"copyBehavior": "PreserveHierarchy"}});
    let warnings = copy(settings, source, sink).await.unwrap().warnings;
    assert_eq!(warnings.len(), 4, "{warnings:?}");
    for name in [
        "enableStaging",
        "dataIntegrationUnits",
        "source.queryTimeout",
        "source.sourceRetryCount",
        "sink.writeBatchSize",
    ] {
        assert_eq!(
            warnings[1].matches(&format!("`{name}`")).count(),
            1,
            "{name}: {warnings:?}"
        );
    }
    assert!(warnings[2].contains("`parallelCopies`: 128"), "{warnings:?}");
    assert!(
        warnings[3].contains("`sink.storeSettings.copyBehavior`"),
        "{warnings:?}"
    );
}

#[tokio::test]
async fn the_outcome_says_what_was_verified() {
    let outcome = copy(json!({"validateDataConsistency": false}), json!({}), json!({}))
        .await
        .unwrap();
    assert_eq!(
        outcome.extra["dataConsistencyVerification"],
        json!({"VerificationResult": "Verified", "InconsistentData": "None", "verified": "rows"})
    );
    assert_eq!(outcome.warnings, ["made up"]);
}
