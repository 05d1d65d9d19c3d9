//! Triggers of files, as documents have them.

use crate::Arrivals;
use chrono::TimeDelta;
use serde_json::{Value, json};

fn read(more: Value) -> Result<Arrivals, String> {
    let mut inner = json!({ "events": ["Microsoft.Storage.BlobCreated"], "blobPathBeginsWith": "/in/blobs/" });
    inner.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Arrivals::read(inner.as_object().unwrap())
}

#[test]
fn a_document_of_data_factory_is_read_as_it_is() {
    let found = read(json!({
        "blobPathBeginsWith": "/records/blobs/december/boxes-", "blobPathEndsWith": ".csv", "ignoreEmptyBlobs": false,
        "scope": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/shop1",
        "events": ["Microsoft.Storage.BlobCreated", "Microsoft.Storage.BlobDeleted"]
    }));
    let wanted = Arrivals {
        container: "records".to_owned(),
        begins: "december/boxes-".to_owned(),
        ends: ".csv".to_owned(),
        created: true,
        deleted: true,
        ignore_empty: false,
        account: Some("shop1".to_owned()),
        pause: TimeDelta::seconds(15),
    };
    assert_eq!(found.unwrap(), wanted);
    let found = read(json!({ "pollingInterval": "00:01:00" })).unwrap();
    assert_eq!((found.ignore_empty, found.pause), (true, TimeDelta::minutes(1)));
}

#[test]
fn a_place_has_a_container_and_a_beginning() {
    for (text, container, begins) in [
        ("/in/blobs/", "in", ""),
        ("/in/", "in", ""),
        ("in", "in", ""),
        ("/in/sub/x", "in", "sub/x"),
        ("/in/blobs/blobs/x", "in", "blobs/x"),
        ("/a/b/blobs/x-", "a/b", "x-"),
        ("/blobs/x", "", "x"),
        ("blobs/x", "blobs", "x"),
    ] {
        let found = read(json!({ "blobPathBeginsWith": text })).unwrap();
        assert_eq!(
            (found.container.as_str(), found.begins.as_str()),
            (container, begins),
            "{text}"
        );
    }
    let found = read(json!({ "blobPathBeginsWith": null, "blobPathEndsWith": ".csv" })).unwrap();
    assert_eq!((found.container.as_str(), found.begins.as_str()), ("", ""));
}

#[test]
fn what_is_wrong_is_named() {
    for (more, member) in [
        (json!({ "events": [] }), "events"),
        (json!({ "events": ["Microsoft.Storage.BlobRenamed"] }), "events"),
        (json!({ "events": [1] }), "events"),
        (json!({ "blobPathBeginsWith": "" }), "blobPathEndsWith"),
        (json!({ "blobPathBeginsWith": "/in/blobs/../x" }), "blobPathBeginsWith"),
        (json!({ "blobPathBeginsWith": 7 }), "blobPathBeginsWith"),
        (json!({ "ignoreEmptyBlobs": "perhaps" }), "ignoreEmptyBlobs"),
        (json!({ "pollingInterval": "00:00:00" }), "pollingInterval"),
        (json!({ "pollingInterval": "2.00:00:00" }), "pollingInterval"),
    ] {
        let said = read(more.clone()).unwrap_err();
        assert!(said.contains(member), "{more}: {said}");
    }
}
