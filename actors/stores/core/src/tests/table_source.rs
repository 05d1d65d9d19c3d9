//! The `source` object of databases.

use crate::table_source::{Read, Split, TableSource};
use serde_json::json;
use sluice_contract::{Code, Fault};

fn of(value: serde_json::Value) -> Result<TableSource, Fault> {
    TableSource::of(value.as_object().unwrap())
}

#[test]
fn what_is_read() {
    assert_eq!(of(json!({})).unwrap(), TableSource::default());
    assert_eq!(of(json!({ "query": "  " })).unwrap().read, Read::Table);
    for member in ["query", "sqlReaderQuery"] {
        let read = of(json!({ member: " SELECT 1 ; " })).unwrap().read;
        assert_eq!(read, Read::Query("SELECT 1".into()));
    }
    let procedure = of(
        json!({ "sqlReaderStoredProcedureName": "dbo.p", "storedProcedureParameters":
        { "a": { "value": "x", "type": "String" }, "b": { "value": null }, "c": 3 } }),
    );
    let expected = Read::Procedure {
        name: "dbo.p".into(),
        parameters: vec![
            ("a".into(), Some("x".into())),
            ("b".into(), None),
            ("c".into(), Some("3".into())),
        ],
    };
    assert_eq!(procedure.unwrap().read, expected);
}

#[test]
fn how_it_is_split() {
    assert_eq!(of(json!({ "partitionOption": "None" })).unwrap().split, Split::Whole);
    let range = of(json!({ "partitionOption": "DynamicRange",
        "partitionSettings": { "partitionColumnName": "id", "partitionLowerBound": "1", "partitionUpperBound": 9 } }));
    let expected = Split::Range {
        column: Some("id".into()),
        lower: Some("1".into()),
        upper: Some("9".into()),
    };
    assert_eq!(range.unwrap().split, expected);
    let physical = of(json!({ "partitionOption": "physicalPartitionsOfTable",
        "partitionSettings": { "partitionNames": ["p1"] } }));
    assert_eq!(
        physical.unwrap().split,
        Split::Physical {
            names: vec!["p1".into()]
        }
    );
}

#[test]
fn what_cannot_be_understood_is_refused() {
    for value in [
        json!({ "query": 1 }),
        json!({ "query": "SELECT 1", "sqlReaderStoredProcedureName": "p" }),
        json!({ "partitionOption": "Hash" }),
        json!({ "partitionOption": "DynamicRange", "partitionSettings": [] }),
        json!({ "partitionOption": "PhysicalPartitionsOfTable", "partitionSettings": { "partitionNames": [1] } }),
        json!({ "sqlReaderStoredProcedureName": "p", "storedProcedureParameters": { "a": { "value": [] } } }),
    ] {
        assert_eq!(of(value.clone()).unwrap_err().code, Code::PropertyMissing, "{value}");
    }
}
