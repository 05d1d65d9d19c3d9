//! Documents are kept as they came, and views read them where they lie.

use super::json::{text, unknown_members, value, with};
use crate::Code;
use crate::document::{Dataset, IntegrationRuntime, LinkedService, Pipeline, take_secrets};
use proptest::prelude::*;
use serde_json::{Value, json};

proptest! {
    #[test]
    fn json_text_stays_identical(value in value()) {
        let text = value.to_string();
        let read: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&read, &value);
        prop_assert_eq!(read.to_string(), text);
    }

    #[test]
    fn a_linked_service_keeps_what_is_not_known(outer in unknown_members(), middle in unknown_members(), inner in unknown_members()) {
        let inner = with(inner, &json!({"server": "db"}));
        let reference = json!({"referenceName": "gw", "type": "IntegrationRuntimeReference"});
        let properties = with(middle, &json!({"type": "PostgreSqlV2", "typeProperties": inner, "connectVia": reference}));
        let document = with(outer, &json!({"name": "ls", "properties": properties}));
        let before = document.to_string();
        let view = LinkedService::view(&document).unwrap();
        prop_assert_eq!(view.kind(), "PostgreSqlV2");
        prop_assert_eq!(view.gateway(), Some("gw"));
        prop_assert_eq!(view.type_properties(), inner.as_object().unwrap());
        prop_assert_eq!(document.to_string(), before);
    }

    #[test]
    fn a_dataset_keeps_what_is_not_known(outer in unknown_members(), inner in unknown_members(), v1 in any::<bool>()) {
        let reference = if v1 { json!("ls") } else { json!({"referenceName": "ls", "type": "LinkedServiceReference"}) };
        let inner = with(inner, &json!({"table": "t"}));
        let properties = json!({"type": "AzurePostgreSqlTable", "linkedServiceName": reference, "typeProperties": inner});
        let document = with(outer, &json!({"properties": properties}));
        let before = document.to_string();
        let view = Dataset::view(&document).unwrap();
        prop_assert_eq!((view.kind(), view.linked_service()), ("AzurePostgreSqlTable", "ls"));
        prop_assert_eq!(view.type_properties(), inner.as_object().unwrap());
        prop_assert!(view.parameters().is_empty());
        prop_assert_eq!(document.to_string(), before);
    }

    #[test]
    fn a_pipeline_keeps_what_is_not_known(
        outer in unknown_members(), activity in unknown_members(), settings in unknown_members(), source in unknown_members(),
    ) {
        let source = with(source, &json!({"type": "PostgreSqlV2Source"}));
        let all = with(settings.clone(), &json!({"source": source, "sink": {"type": "ParquetSink"}}));
        let copy = with(activity, &json!({
            "name": "c", "type": "Copy", "typeProperties": all,
            "inputs": [{"referenceName": "in", "type": "DatasetReference"}], "outputs": [{"name": "out"}],
        }));
        let document = json!({"properties": with(outer, &json!({"activities": [copy]}))});
        let before = document.to_string();
        let view = Pipeline::view(&document).unwrap();
        let copy = view.activities()[0].copy().unwrap();
        prop_assert_eq!((copy.input.name, copy.output.name), ("in", "out"));
        prop_assert_eq!(copy.source, source.as_object().unwrap());
        prop_assert_eq!(copy.settings(), settings);
        prop_assert_eq!(document.to_string(), before);
    }

    #[test]
    fn taking_secrets_leaves_everything_else(before in unknown_members(), after in unknown_members()) {
        // None of the generated names and values may be one of a secret itself.
        let rename = |place: &str, members: crate::Object| members.into_iter()
            .map(|(name, value)| (format!("{place}-{name}-public"), Value::from(value.to_string().replace("://", "")))).collect::<crate::Object>();
        let (before, after) = (rename("before", before), rename("after", after));
        let mut object = before.clone();
        object.insert("password".to_owned(), json!("canary"));
        object.extend(after.clone());
        let names: Vec<String> = object.keys().cloned().collect();
        take_secrets(&mut object);
        prop_assert_eq!(names, object.keys().cloned().collect::<Vec<_>>());
        for (name, value) in before.iter().chain(&after) {
            prop_assert_eq!(object.get(name), Some(value));
        }
    }

    #[test]
    fn a_type_is_read_as_it_is(kind in text()) {
        let document = json!({"properties": {"type": kind, "typeProperties": {}}});
        prop_assert_eq!(LinkedService::view(&document).unwrap().kind(), &kind);
        let runtime = IntegrationRuntime::view(&document);
        let known = ["SelfHosted", "Managed"].iter().any(|known| kind.eq_ignore_ascii_case(known));
        prop_assert_eq!(runtime.is_ok(), known);
    }
}

#[test]
fn what_is_missing_is_named() {
    let missing = |document: Value| LinkedService::view(&document).unwrap_err().code;
    assert_eq!(missing(json!({})), Code::DocumentInvalid);
    assert_eq!(missing(json!({"properties": []})), Code::DocumentInvalid);
    assert_eq!(missing(json!({"properties": {}})), Code::TypeMissing);
    assert_eq!(missing(json!({"properties": {"type": 1}})), Code::TypeMissing);
    let dataset = json!({"properties": {"type": "Parquet"}});
    assert_eq!(Dataset::view(&dataset).unwrap_err().code, Code::DocumentInvalid);
    let pipeline = json!({"properties": {"activities": {}}});
    assert_eq!(Pipeline::view(&pipeline).unwrap_err().code, Code::DocumentInvalid);
}
