//! What a translator says, against schemas and stores of all kinds.

use crate::settings::Asked;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde_json::{Value, json};
use sluice_contract::{Code, Fault, Object};
use sluice_store_core::source::ORIGINAL_TYPE;
use sluice_store_core::{SinkRequest, SourceRequest};
use std::collections::HashMap;
use std::sync::Arc;

fn object(value: Value) -> Object {
    value.as_object().cloned().unwrap()
}

fn schema() -> SchemaRef {
    let field = |name: &str, data_type| Field::new(name, data_type, true);
    Arc::new(Schema::new(vec![
        field("i", DataType::Int32),
        field("u", DataType::UInt16),
        field("f", DataType::Float32),
        field("t", DataType::Utf8),
        field("d", DataType::Date32),
        field("m", DataType::Timestamp(TimeUnit::Microsecond, None)),
        field("n", DataType::Decimal128(10, 2)),
        field("b", DataType::Boolean),
        field("o", DataType::Utf8).with_metadata(HashMap::from([(ORIGINAL_TYPE.to_owned(), "numeric".to_owned())])),
    ]))
}

fn table() -> SinkRequest {
    SinkRequest {
        dataset_kind: "SqliteTable".to_owned(),
        ..SinkRequest::default()
    }
}

fn file(kind: &str, header: bool) -> SinkRequest {
    SinkRequest {
        dataset_kind: kind.to_owned(),
        dataset: object(json!({"location": {}, "firstRowAsHeader": header})),
        ..SinkRequest::default()
    }
}

fn names(translator: Value, source: &SourceRequest, sink: &SinkRequest) -> Result<Vec<String>, Fault> {
    let asked = Asked::read(&object(json!({ "translator": translator })), source, sink)?;
    let shape = asked.shape(schema())?.schema();
    Ok(shape.fields().iter().map(|field| field.name().clone()).collect())
}

fn typed(source: Value, sink: Value) -> Value {
    json!({"type": "TabularTranslator", "mappings": [{"source": source, "sink": sink}]})
}

fn code(translator: Value, sink: &SinkRequest) -> Option<Code> {
    names(translator, &SourceRequest::default(), sink)
        .err()
        .map(|fault| fault.code)
}

/// The types that the sink gets.
fn types(column: &str, kind: &str, settings: Value, sink: &SinkRequest) -> Result<DataType, Code> {
    let translator = json!({"type": "TabularTranslator", "typeConversion": true, "typeConversionSettings": settings,
        "mappings": [{"source": {"name": column}, "sink": {"name": "x", "type": kind}}]});
    let asked = Asked::read(
        &object(json!({ "translator": translator })),
        &SourceRequest::default(),
        sink,
    );
    let shape = asked.and_then(|asked| asked.shape(schema()));
    shape
        .map(|shape| shape.schema().field(0).data_type().clone())
        .map_err(|fault| fault.code)
}

#[test]
fn columns_are_converted_to_what_the_sink_declares() {
    let (table, parquet, csv) = (table(), file("Parquet", false), file("DelimitedText", true));
    for (column, kind, sink, expected) in [
        ("t", "Int32", &table, DataType::Int32),
        ("t", "Decimal", &table, DataType::Decimal128(38, 18)),
        // The table makes its own type of what holds the value.
        ("i", "Int64", &table, DataType::Int32),
        ("o", "Decimal", &table, DataType::Utf8),
        ("i", "Int64", &parquet, DataType::Int64),
        (
            "d",
            "DateTime",
            &parquet,
            DataType::Timestamp(TimeUnit::Microsecond, None),
        ),
        ("n", "Decimal", &parquet, DataType::Decimal128(10, 2)),
        ("n", "Double", &parquet, DataType::Float64),
        ("m", "String", &parquet, DataType::Utf8),
        ("t", "Guid", &parquet, DataType::Utf8),
        // A file of text writes every value by itself.
        ("m", "String", &csv, DataType::Timestamp(TimeUnit::Microsecond, None)),
        ("i", "String", &csv, DataType::Int32),
    ] {
        assert_eq!(types(column, kind, json!({}), sink), Ok(expected), "{column} as {kind}");
    }
    assert_eq!(
        types("m", "String", json!({"dateTimeFormat": "yyyy"}), &csv),
        Ok(DataType::Utf8)
    );
    assert_eq!(types("b", "Int32", json!({}), &parquet), Err(Code::ActivityUnsupported));
    assert_eq!(types("d", "Int32", json!({}), &parquet), Err(Code::ActivityUnsupported));
}

#[test]
fn types_that_are_those_of_the_columns_are_accepted() {
    for (column, kind, fits) in [
        ("i", "Int32", true),
        ("i", "Int64", true),
        ("i", "System.Int32", true),
        ("i", "Int16", false),
        ("i", "UInt32", false),
        ("i", "Decimal", false),
        ("i", "String", false),
        ("u", "UInt16", true),
        ("u", "Int32", true),
        ("u", "Int16", false),
        ("f", "Double", true),
        ("f", "Single", true),
        ("t", "String", true),
        ("t", "Int32", false),
        ("t", "Guid", false),
        ("d", "DateTime", true),
        ("m", "DateTimeOffset", true),
        ("m", "String", false),
        ("n", "Decimal", true),
        ("n", "Double", false),
        ("b", "Boolean", true),
        ("b", "Int32", false),
    ] {
        let wanted = (!fits).then_some(Code::ActivityUnsupported);
        let source = typed(json!({"name": column, "type": kind}), json!({"name": "x"}));
        assert_eq!(code(source, &table()), wanted, "{column} as {kind}");
        let sink = |sink: &SinkRequest| code(typed(json!({"name": column}), json!({"name": "x", "type": kind})), sink);
        assert_eq!(sink(&file("Parquet", false)), wanted, "{column} into Parquet as {kind}");
        // The table's own column decides, or the store refuses.
        assert_eq!(sink(&table()), None, "{column} into a table as {kind}");
        let text = wanted.filter(|_| kind != "String");
        assert_eq!(sink(&file("DelimitedText", true)), text, "{column} into text as {kind}");
        let mut made = table();
        made.activity = object(json!({"tableOption": "autoCreate"}));
        assert_eq!(sink(&made), wanted, "{column} into a new table as {kind}");
    }
    let strange = typed(json!({"name": "i", "type": "nvarchar"}), json!({"name": "x"}));
    assert_eq!(code(strange, &table()), Some(Code::ActivityUnsupported));
}

/// A numeric without precision travels as text: its store calls it a decimal, and a file would hold a text.
#[test]
fn a_source_is_described_by_its_own_types() {
    let described = |kind: &str| typed(json!({"name": "o", "type": kind}), json!({"name": "x"}));
    for kind in ["Decimal", "String"] {
        assert_eq!(code(described(kind), &table()), None, "{kind}");
    }
    assert_eq!(code(described("Double"), &table()), Some(Code::ActivityUnsupported));
    let written = typed(json!({"name": "o"}), json!({"name": "x", "type": "Decimal"}));
    assert_eq!(
        code(written.clone(), &file("Parquet", false)),
        Some(Code::ActivityUnsupported)
    );
    // A table is made of the original types.
    let mut made = table();
    made.activity = object(json!({"tableOption": "autoCreate"}));
    assert_eq!(code(written, &made), None);
}

#[test]
fn columns_without_names_go_by_their_place() {
    let by_name = SourceRequest::default();
    let by_place = SourceRequest {
        dataset_kind: "DelimitedText".to_owned(),
        ..SourceRequest::default()
    };
    let list = |sinks: [Value; 2]| {
        let [a, b] = sinks;
        json!({"type": "TabularTranslator", "mappings": [
            {"source": {"name": "i", "ordinal": 4, "type": "String"}, "sink": a},
            {"source": {"name": "t", "ordinal": 4, "type": "String"}, "sink": b},
        ]})
    };
    let (x, y) = (json!({"name": "x", "ordinal": 2}), json!({"name": "y", "ordinal": 1}));
    let named = list([x.clone(), y.clone()]);
    // By name, the first is an integer; by place, both are the text.
    let fault = names(named.clone(), &by_name, &table()).unwrap_err();
    assert_eq!(fault.code, Code::ActivityUnsupported);
    assert_eq!(names(named.clone(), &by_place, &table()).unwrap(), ["x", "y"]);
    assert_eq!(
        names(named, &by_place, &file("DelimitedText", false)).unwrap(),
        ["y", "x"]
    );
    let nameless = list([json!({"ordinal": 2}), json!({"ordinal": "1"})]);
    assert_eq!(names(nameless, &by_place, &table()).unwrap(), ["Prop_0", "Prop_1"]);
}

#[test]
fn what_is_no_mapping_of_columns_is_refused() {
    use Code::{ActivityUnsupported, DocumentInvalid, TypeMissing};
    let with = |name: &str, value: Value| {
        let mut translator = object(json!({"type": "TabularTranslator"}));
        translator.insert(name.to_owned(), value);
        Value::Object(translator)
    };
    let conversion = |settings: Value| json!({"type": "TabularTranslator", "typeConversion": true, "typeConversionSettings": settings});
    let pair = |source: Value| typed(source, json!({"name": "x"}));
    for (translator, wanted) in [
        (json!({"type": "HierarchicalTranslator"}), Some(ActivityUnsupported)),
        (json!({}), Some(TypeMissing)),
        (json!("TabularTranslator"), Some(DocumentInvalid)),
        (json!(null), None),
        (with("mapComplexValuesToString", json!(true)), None),
        (with("mapComplexValuesToString", json!(false)), None),
        (with("collectionReference", json!("$.items")), Some(ActivityUnsupported)),
        (with("schemaMapping", json!({"a": "$.a"})), Some(ActivityUnsupported)),
        (with("somethingNew", json!(1)), Some(ActivityUnsupported)),
        (with("mappings", json!({"a": "b"})), Some(DocumentInvalid)),
        (with("mappings", json!([1])), Some(DocumentInvalid)),
        (
            with("mappings", json!([{"source": {"name": "i"}}])),
            Some(DocumentInvalid),
        ),
        (with("columnMappings", json!("i")), Some(DocumentInvalid)),
        (with("columnMappings", json!("i: ")), Some(DocumentInvalid)),
        (with("columnMappings", json!({"i": 1})), Some(DocumentInvalid)),
        (with("columnMappings", json!([1])), Some(DocumentInvalid)),
        (conversion(json!({"treatBooleanAsNumber": true})), None),
        (conversion(json!({"dateTimeFormat": "yyyy"})), None),
        (
            conversion(json!({"dateTimeFormat": "yyyyyyy"})),
            Some(ActivityUnsupported),
        ),
        (conversion(json!({"culture": "tlh-qo"})), Some(ActivityUnsupported)),
        (conversion(json!({"culture": "en-us"})), None),
        (with("typeConversionSettings", json!({"dateTimeFormat": "yyyy"})), None),
        (pair(json!({"path": "$.a"})), Some(ActivityUnsupported)),
        (pair(json!({"name": "i", "path": "['i']"})), Some(ActivityUnsupported)),
        (pair(json!({"name": "i", "format": "yyyy"})), Some(ActivityUnsupported)),
        (
            pair(json!({"name": "i", "culture": "de-de"})),
            Some(ActivityUnsupported),
        ),
        (
            pair(json!({"name": "i", "physicalType": "int", "culture": "en-us"})),
            None,
        ),
        (pair(json!({"name": "i", "mystery": 1})), Some(ActivityUnsupported)),
        (pair(json!({"name": 1})), Some(DocumentInvalid)),
        (pair(json!({"ordinal": 0})), Some(DocumentInvalid)),
        (pair(json!({"ordinal": -1})), Some(DocumentInvalid)),
        (pair(json!({"ordinal": 1e30})), Some(DocumentInvalid)),
        (pair(json!({})), Some(DocumentInvalid)),
    ] {
        assert_eq!(code(translator.clone(), &table()), wanted, "{translator}");
    }
    let documents = SourceRequest {
        dataset_kind: "Json".to_owned(),
        ..SourceRequest::default()
    };
    // The source has named its columns by the paths.
    for translator in [
        pair(json!({"path": "i"})),
        pair(json!({"path": "t", "name": "whatever", "type": "String"})),
        with("collectionReference", json!("$.items")),
        with("schemaMapping", json!({"i": "a", "t": "b"})),
    ] {
        assert!(names(translator.clone(), &documents, &table()).is_ok(), "{translator}");
    }
    let both = json!({"type": "TabularTranslator", "columnMappings": {"i": "i"},
        "mappings": [{"source": {"name": "i"}, "sink": {"name": "i"}}]});
    assert_eq!(code(both, &table()), Some(DocumentInvalid));
}
