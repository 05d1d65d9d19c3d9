//! The form of receipts: they are checked years after they were written.

use crate::receipt::{Receipt, Signed, VERSION};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A receipt as version 0.1 wrote it. What is read of it must not change.
fn kept() -> Value {
    json!({
        "v": 1, "job": "job-1", "attempt": 2, "token": 7,
        "run": "run-1", "pipeline": "nightly", "activity": "Copy",
        "node": { "id": "node-1", "name": "box", "gateway": "gw-1", "gatewayName": "onprem",
            "factory": "fac-1", "factoryName": "shop", "version": "0.1.0" },
        "source": { "linkedService": "Shop", "type": "PostgreSqlV2", "dataset": "PostgreSqlV2Table" },
        "sink": { "linkedService": "Lake", "type": "AzureBlobStorage", "dataset": "Parquet" },
        "location": "lake/orders.parquet",
        "rows": { "read": 102, "written": 100, "skipped": 2 },
        "bytes": { "read": 4000, "written": 2000 },
        "content": { "of": "values", "rows": "1feec8cb32cbb4471917dab63848227c",
            "columns": [{ "name": "id", "hash": "4c121dd7c31ae63c" }, { "name": "name", "hash": "56912bf04b3f6058" }] },
        "verified": "rows and content",
        "started": "2026-11-24T03:00:00Z", "finished": "2026-11-24T03:00:09Z", "issued": "2026-11-24T03:00:09.500Z",
        "stages": { "copy": 8.5 }, "parallel": 4, "warnings": ["made up"]
    })
}

#[test]
fn an_old_receipt_is_read_as_it_was_meant() {
    let receipt: Receipt = serde_json::from_value(kept()).unwrap();
    receipt.check().unwrap();
    assert_eq!((receipt.v, receipt.files), (VERSION, None));
    assert_eq!(serde_json::to_value(&receipt).unwrap(), kept());
    let mut newer = kept();
    newer["mood"] = json!("good");
    newer["node"]["colour"] = json!("green");
    assert_eq!(serde_json::from_value::<Receipt>(newer).unwrap(), receipt);
}

#[test]
fn what_does_not_add_up_is_said() {
    for (path, value, said) in [
        ("/v", json!(2), "version 2"),
        ("/rows/read", json!(103), "103 rows were read"),
        ("/rows/skipped", json!(u64::MAX), "rows were read"),
        (
            "/content/rows",
            json!("1feec8cb32cbb4471917dab63848227"),
            "32 hexadecimal",
        ),
        (
            "/content/rows",
            json!("1FEEC8CB32CBB4471917DAB63848227C"),
            "32 hexadecimal",
        ),
        ("/content/columns/1/hash", json!(""), "\"name\""),
        ("/finished", json!("2026-11-25T03:00:00Z"), "times"),
        ("/started", json!("2026-11-25T03:00:00Z"), "times"),
    ] {
        let mut changed = kept();
        *changed.pointer_mut(path).unwrap() = value;
        let why = serde_json::from_value::<Receipt>(changed).unwrap().check().unwrap_err();
        assert!(why.contains(said), "{path}: {why}");
    }
}

#[test]
fn nothing_stands_beside_what_is_signed() {
    let signed = json!({ "payload": "a", "protected": "b", "signature": "c" });
    assert!(serde_json::from_value::<Signed>(signed.clone()).is_ok());
    let mut more = signed;
    more["rows"] = json!(5);
    assert!(serde_json::from_value::<Signed>(more).is_err());
}

proptest! {
    #[test]
    fn numbers_of_any_size_are_no_panic(read: u64, written: u64, skipped: u64, v: u8) {
        let mut receipt: Receipt = serde_json::from_value(kept()).unwrap();
        receipt.rows = crate::receipt::Rows { read, written, skipped };
        receipt.v = v;
        let adds_up = v == VERSION && written.checked_add(skipped) == Some(read);
        prop_assert!(receipt.check().is_err() || adds_up);
    }
}
