//! Anything may come: nothing panics, and what is relaxed says the same as what is strict.

use crate::text::{Path, Step, locate, parse};
use crate::{Known, Values, check, read};
use proptest::prelude::*;
use serde_json::Value;

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i32>().prop_map(Value::from),
        "[ -~äß/*,\\[\\]@$']{0,12}".prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            prop::collection::vec(("[a-cA-C \"/*]{0,3}", inner), 0..5)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// Writes JSON as people do: comments everywhere, commas at the ends.
fn relaxed(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            *out += "[ // ] a comment\n";
            for item in items {
                relaxed(item, out);
                *out += " , /* , } */";
            }
            *out += "\n]";
        }
        Value::Object(object) => {
            *out += "{";
            for (name, value) in object {
                *out += &format!("\n{} /*:*/ : ", Value::from(name.as_str()));
                relaxed(value, out);
                *out += ",";
            }
            *out += "// }\n}";
        }
        other => *out += &other.to_string(),
    }
}

/// Every way in a value, with what it leads to.
fn ways<'a>(value: &'a Value, path: &Path, found: &mut Vec<(Path, &'a Value)>) {
    found.push((path.clone(), value));
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .for_each(|(i, item)| ways(item, &path.index(i), found)),
        Value::Object(object) => object
            .iter()
            .for_each(|(name, value)| ways(value, &path.name(name), found)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn comments_and_commas_change_nothing(value in json()) {
        let mut text = String::new();
        relaxed(&value, &mut text);
        let parsed = parse(text.as_bytes()).unwrap();
        prop_assert_eq!(&parsed.value, &value);
        prop_assert_eq!(parsed.text.len(), text.len());
    }

    #[test]
    fn places_are_where_the_values_begin(value in json()) {
        let mut text = String::new();
        relaxed(&value, &mut text);
        let text = parse(text.as_bytes()).unwrap().text;
        let mut all = Vec::new();
        ways(&value, &Path::default(), &mut all);
        for (path, found) in all {
            let place = locate(&text, &path);
            let line = text.split('\n').nth(place.line - 1).unwrap();
            let rest: String = line.chars().skip(place.column - 1).collect();
            let begin = match found {
                Value::Array(_) => "[".to_owned(),
                Value::Object(_) => "{".to_owned(),
                other => other.to_string(),
            };
            prop_assert!(rest.starts_with(&begin), "{path}: {rest:?} does not begin with {begin:?}");
        }
    }

    #[test]
    fn no_input_panics(file in "[a-zA-Z/\\\\.]{0,20}", text in "\\PC{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let values = Values::of("s", "g", "f");
        let _ = read(&file, text.as_bytes(), &values);
        let _ = read(&file, &bytes, &values);
        let _ = Values::default().take_file(&bytes);
        let nowhere = Path(vec![Step::Index(3), Step::Name("a".to_owned())]);
        let _ = locate(&text, &nowhere);
    }

    #[test]
    fn no_document_panics(kind in 0..8_usize, properties in json(), inner in json(), text in "\\[[a-z(')\\[\\],. 0-9]{0,30}\\]") {
        let folders = ["linkedService", "dataset", "pipeline", "trigger", "integrationRuntime", "dataflow", "factory", "x"];
        let body = serde_json::json!({
            "name": "n", "x": text, "y": "[concat('a')]",
            "properties": { "type": properties, "typeProperties": inner, "activities": [inner, { "name": "a", "type": "Copy",
                "typeProperties": properties, "inputs": inner, "outputs": properties, "dependsOn": inner }], "linkedServiceName": "l" },
        });
        let file = format!("{}/n.json", folders[kind]);
        if let Ok(read) = read(&file, body.to_string().as_bytes(), &Values::default()) {
            let nowhere = |_: crate::Kind, _: &str| false;
            let rules = |_: &sluice_contract::Object, _: &sluice_contract::Object, _: &sluice_contract::Object, _: bool| Vec::new();
            let known = Known { stores: Vec::new(), services: &[], activities: &["Copy"], triggers: &[], copy: &rules, elsewhere: &nowhere };
            let checked = check(&read.documents, &known);
            prop_assert_eq!(checked.len(), read.documents.len());
        }
    }
}
