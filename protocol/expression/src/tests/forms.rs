//! Texts, templates, paths.

use super::{value, world};
use crate::{Reference, Template, evaluate_deep, references};
use serde_json::json;

#[test]
fn a_text_is_a_literal_an_expression_or_both() {
    for (text, expected) in [
        ("plain", json!("plain")),
        ("", json!("")),
        ("@@plain", json!("@plain")),
        ("@@{x}", json!("@{x}")),
        ("a@b.c", json!("a@b.c")),
        ("a @@{x} b", json!("a @{x} b")),
        ("@pipeline().parameters.n", json!(3)),
        ("@{pipeline().parameters.n}", json!("3")),
        ("n=@{pipeline().parameters.n}, @{item().a.b}!", json!("n=3, deep!")),
        ("@{'}'}|@{'it''s {'}", json!("}|it's {")),
        ("@{pipeline().parameters.n}@{pipeline().parameters.n}", json!("33")),
        ("@{true}@{null}", json!("True")),
        ("@{pipeline().parameters.list}", json!("[1,2,3]")),
        ("@ concat ( 'a' , 'b' ) ", json!("ab")),
        ("@('x')", json!("x")),
        ("@-5", json!(-5)),
        ("@1.5e3", json!(1500.0)),
        ("@'a\nb'", json!("a\nb")),
        ("@''", json!("")),
        ("@True", json!(true)),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn paths_reach_into_values() {
    super::all(&[
        ("pipeline().globalParameters.GP-Int", json!(7)),
        ("pipeline().parameters['table'].cols[1]", json!("b")),
        ("pipeline().parameters.list[sub(pipeline().parameters.n, 1)]", json!(3)),
        ("pipeline().PARAMETERS.name", json!("Ann")),
        ("pipeline().parameters.Ä", json!(1)),
        ("activity('Look up').output.value[0].Id", json!(1)),
        ("activity(concat('Look', ' up')).output?.count", json!(2)),
        ("pipeline().parameters.none?.x?['y']", json!(null)),
        ("pipeline().parameters?.missing", json!(null)),
        ("pipeline().parameters.list?[9]", json!(null)),
        ("variables('v')", json!("value")),
        ("triggerBody().fileName", json!("x.csv")),
        ("trigger().outputs.windowStartTime", json!("2024-01-02T03:00:00Z")),
        ("json('{\"a\":[{\"b\":2}]}').a[0].b", json!(2)),
    ]);
}

#[test]
fn both_forms_are_evaluated_anywhere() {
    let document = json!({
        "query": {"type": "Expression", "value": "@concat('select ', string(pipeline().parameters.n))"},
        "list": ["@item().a.b", "x", 1, {"type": "Expression", "value": "plain"}],
        "activities": [{"text": "@item()"}],
        "type": "Expression", "other": true
    });
    let done = evaluate_deep(&document, &world(), &|path| path == ["activities"]).unwrap();
    assert_eq!(
        done,
        json!({
            "query": "select 3", "list": ["deep", "x", 1, "plain"],
            "activities": [{"text": "@item()"}], "type": "Expression", "other": true
        })
    );
    let wrong = json!({"a": [{"b": "@foo()"}]});
    let (place, error) = evaluate_deep(&wrong, &world(), &|_| false).unwrap_err();
    assert_eq!((place.as_str(), error.at), ("a[0].b", 1));
}

#[test]
fn references_are_known_without_a_run() {
    let text = "@{activity('A').output}@{variables('v')}@{pipeline().parameters.p}@{pipeline()?['globalParameters'].g}\
                @{dataset().d}@{linkedService()['l']}@{item()}@{triggerBody().x}@{activity(variables('w')).status}";
    let found = references(&Template::parse(text).unwrap());
    let expected = [
        Reference::Activity("A".into()),
        Reference::Variable("v".into()),
        Reference::Parameter("p".into()),
        Reference::GlobalParameter("g".into()),
        Reference::DatasetParameter("d".into()),
        Reference::LinkedServiceParameter("l".into()),
        Reference::Item,
        Reference::Trigger,
        Reference::Variable("w".into()),
    ];
    for reference in expected {
        assert!(found.contains(&reference), "{reference:?} in {found:?}");
    }
}
