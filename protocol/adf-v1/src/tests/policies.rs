//! What datasets ask of their slices.

use crate::{Kind, Old, Translation, translate};
use serde_json::{Value, json};

fn dataset(kind: &str, settings: Value, more: Value) -> Value {
    let mut properties = json!({ "type": kind, "linkedServiceName": "Share", "typeProperties": settings,
        "availability": { "frequency": "Day", "interval": 1 } });
    properties
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!({ "properties": properties })
}

fn translated(input: Value, between: Value) -> Translation {
    let text = json!({ "type": "TextFormat" });
    let share = json!({ "properties": { "type": "OnPremisesFileServer", "typeProperties": { "host": "/data", "gatewayName": "g" } } });
    let file = |name: &str| {
        json!({ "folderPath": "{Day}", "fileName": name, "format": text,
            "partitionedBy": [{ "name": "Day", "value": { "type": "DateTime", "date": "SliceStart", "format": "yyyyMMdd" } }] })
    };
    let copy = |name: &str, from: &str, to: &str| {
        json!({ "name": name, "type": "Copy", "inputs": [{ "name": from }], "outputs": [{ "name": to }],
            "typeProperties": { "source": { "type": "FileSystemSource" }, "sink": { "type": "FileSystemSink" } } })
    };
    let pipeline = json!({ "properties": { "start": "2016-01-01", "end": "2016-01-03",
        "activities": [copy("one", "In", "Mid"), copy("two", "Mid", "Out")] } });
    let documents = [
        (Kind::LinkedService, "Share", share),
        (Kind::Dataset, "In", dataset("FileShare", file("in.csv"), input)),
        (Kind::Dataset, "Mid", dataset("FileShare", file("mid.csv"), between)),
        (Kind::Dataset, "Out", dataset("FileShare", file("out.csv"), json!({}))),
        (Kind::Pipeline, "P", pipeline),
    ];
    let old: Vec<Old<'_>> = documents
        .iter()
        .map(|(kind, name, body)| Old {
            kind: *kind,
            name,
            body,
        })
        .collect();
    translate(&old)
}

fn activities(all: &Translation) -> Vec<Value> {
    let pipeline = all
        .documents
        .iter()
        .find(|document| document.kind == Kind::Pipeline)
        .unwrap();
    pipeline.body["properties"]["activities"].as_array().unwrap().clone()
}

fn waits(activity: &Value) -> Vec<&str> {
    let names = activity["dependsOn"].as_array().unwrap().iter();
    names.map(|wait| wait["activity"].as_str().unwrap()).collect()
}

#[test]
fn external_slices_are_waited_for_as_their_policy_says() {
    let policy =
        json!({ "externalData": { "retryInterval": "00:02:00", "retryTimeout": "00:10:00", "maximumRetry": 4 } });
    let all = translated(json!({ "external": true, "policy": policy }), json!({}));
    assert!(all.notes.is_empty(), "{:#?}", all.notes);
    let made = activities(&all);
    assert_eq!((waits(&made[0]), waits(&made[1])), (vec!["Wait for In"], vec!["one"]));
    assert_eq!(made[2]["type"], "Validation");
    let settings = &made[2]["typeProperties"];
    assert_eq!(
        (&settings["timeout"], &settings["sleep"]),
        (&json!("0.00:08:00"), &json!(120))
    );
    assert_eq!(
        settings["dataset"]["parameters"]["windowStart"]["value"],
        "@pipeline().parameters.windowStart"
    );
    // Not external, or without a policy: nobody waits.
    let inner = translated(json!({ "policy": policy }), json!({}));
    assert_eq!(activities(&inner).len(), 2);
    assert_eq!(activities(&translated(json!({ "external": true }), json!({}))).len(), 2);
    let wrong = json!({ "external": true, "policy": { "externalData": { "retryInterval": "soon" } } });
    assert!(translated(wrong, json!({})).notes[0].text.contains("no time span"));
}

#[test]
fn what_was_made_is_looked_at_before_it_is_used() {
    let all = translated(
        json!({ "external": true }),
        json!({ "policy": { "validation": { "minimumSizeMB": 0.5, "minimumRows": 10 } } }),
    );
    assert!(all.notes.is_empty(), "{:#?}", all.notes);
    let made = activities(&all);
    assert_eq!(waits(&made[1]), ["one", "Rows of Mid", "Size of Mid"]);
    assert_eq!((waits(&made[2]), waits(&made[3])), (vec!["one"], vec!["one"]));
    assert_eq!(made[2]["typeProperties"]["minimumSize"], 1 << 19);
    let rows = &made[3]["typeProperties"];
    assert_eq!(
        rows["expression"]["value"],
        "@less(activity('one').output.rowsCopied,10)"
    );
    assert_eq!(
        rows["ifTrueActivities"][0]["typeProperties"]["errorCode"],
        "SliceValidation"
    );
}
