//! What a sink refuses before it opens anything.

use super::*;
use serde_json::json;
use sluice_store_core::StoreProperties;

fn sink(dataset: serde_json::Value, activity: serde_json::Value) -> Result<SqlServerSink, Fault> {
    let public = json!({ "server": "h", "userName": "u", "password": "p" });
    let properties = StoreProperties {
        kind: "SqlServer".into(),
        public: public.as_object().unwrap().clone(),
        ..StoreProperties::default()
    };
    let request = SinkRequest {
        dataset: dataset.as_object().unwrap().clone(),
        activity: activity.as_object().unwrap().clone(),
        ..SinkRequest::default()
    };
    SqlServerSink::new(
        Arc::new(Settings::read(&properties, sluice_store_core::Network::open()).unwrap()),
        &request,
    )
}

#[test]
fn ways_of_writing_are_taken_or_refused() {
    let table = || json!({ "schema": "dbo", "table": "t" });
    let taken = sink(
        table(),
        json!({ "writeBehavior": "upsert", "upsertSettings": { "keys": ["a"], "interimSchemaName": "stage" },
                "sqlWriterUseTableLock": true, "sqlWriterCleanupScript": "DELETE FROM t" }),
    );
    let taken = taken.unwrap();
    assert_eq!(taken.behavior, WriteBehavior::Upsert { keys: vec!["a".into()] });
    assert_eq!((taken.interim.as_deref(), taken.lock_table), (Some("stage"), true));
    assert_eq!(taken.script.as_deref(), Some("DELETE FROM t"));
    for name in REFUSED {
        let fault = sink(table(), json!({ name: "x" })).err().unwrap();
        assert_eq!(fault.code, Code::PropertyMissing);
        assert!(fault.message.contains(name), "{fault}");
    }
    for dataset in [json!({}), json!({ "table": "#t" })] {
        assert_eq!(sink(dataset, json!({})).err().unwrap().code, Code::PropertyMissing);
    }
}
