//! Lookup, GetMetadata, Delete and Validation in stores of files.

use super::Desk;
use serde_json::{Value, json};
use sluice_contract::Code;
use sluice_contract::job::Task;
use sluice_tests::azurite::Azurite;
use sluice_tests::s3::S3Server;
use std::path::Path;
use std::time::Duration;

async fn in_folder(root: &Path, kind: &'static str, location: Value) -> Desk {
    let mut dataset = json!({ "location": { "type": "FileServerLocation" }, "firstRowAsHeader": true });
    for (name, value) in location.as_object().unwrap() {
        dataset["location"][name] = value.clone();
    }
    Desk::open(
        sluice_store_file::connector(),
        "FileServer",
        json!({ "host": root }),
        "",
        kind,
        dataset,
    )
    .await
}

fn put(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_files_are_looked_up() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "in/config.csv", "name,size\na,1\nb,2\n");
    put(
        dir.path(),
        "in/config.json",
        "{\"name\": \"a\", \"deep\": {\"n\": 1.5}}\n{\"name\": \"b\"}\n",
    );
    let csv = in_folder(
        dir.path(),
        "DelimitedText",
        json!({ "folderPath": "in", "fileName": "config.csv" }),
    )
    .await;
    let source = json!({ "type": "DelimitedTextSource", "storeSettings": { "type": "FileServerReadSettings" } });
    let both = json!({ "count": 2, "value": [{ "name": "a", "size": "1" }, { "name": "b", "size": "2" }] });
    assert_eq!(csv.lookup(source, false).await.unwrap(), both);
    let found = csv
        .metadata(&["structure", "columnCount", "size", "itemName", "itemType", "exists"])
        .await
        .unwrap();
    let columns = json!([{ "name": "name", "type": "String" }, { "name": "size", "type": "String" }]);
    assert_eq!(
        found,
        json!({ "structure": columns, "columnCount": 2, "size": 18, "itemName": "config.csv", "itemType": "File",
            "exists": true })
    );
    let json_set = in_folder(
        dir.path(),
        "Json",
        json!({ "folderPath": "in", "fileName": "config.json" }),
    )
    .await;
    let first = json_set.lookup(json!({ "type": "JsonSource" }), true).await.unwrap();
    assert_eq!(first["firstRow"]["name"], "a", "{first}");
}

/// What all stores of files do the same way. There are `in/a.csv`, `in/b.txt` and `in/deep/c.csv` in the store.
async fn works(at: impl AsyncFn(Value) -> Desk) {
    let folder = at(json!({ "folderPath": "in" })).await;
    let found = folder
        .metadata(&["childItems", "itemName", "itemType", "exists"])
        .await
        .unwrap();
    let children = json!([{ "name": "a.csv", "type": "File" }, { "name": "b.txt", "type": "File" },
        { "name": "deep", "type": "Folder" }]);
    assert_eq!(
        found,
        json!({ "childItems": children, "itemName": "in", "itemType": "Folder", "exists": true })
    );
    let wild = json!({ "storeSettings": { "wildcardFileName": "*.csv" } });
    let csv = folder
        .run(Task::GetMetadata, wild.clone(), json!({ "fieldList": ["childItems"] }))
        .await
        .unwrap();
    assert_eq!(csv["childItems"], json!([{ "name": "a.csv", "type": "File" }]));
    let nowhere = at(json!({ "folderPath": "nowhere" })).await;
    assert_eq!(nowhere.metadata(&["exists"]).await.unwrap(), json!({ "exists": false }));
    assert_eq!(
        nowhere.metadata(&["childItems"]).await.unwrap_err().code,
        Code::FileNotFound
    );
    let file = at(json!({ "folderPath": "in", "fileName": "a.csv" })).await;
    let found = file.metadata(&["size", "lastModified"]).await.unwrap();
    assert_eq!(found["size"], 4);
    assert!(found["lastModified"].as_str().unwrap().ends_with('Z'), "{found}");
    assert_eq!(
        file.metadata(&["childItems"]).await.unwrap_err().code,
        Code::PropertyMissing
    );

    let validated = file
        .run(Task::Validation, json!({}), json!({ "minimumSize": 4, "sleep": 1 }))
        .await
        .unwrap();
    assert_eq!(validated["exists"], true);
    let waits = file.run(Task::Validation, json!({}), json!({ "minimumSize": 5, "sleep": 1 }));
    assert!(tokio::time::timeout(Duration::from_millis(300), waits).await.is_err());

    // By a wildcard, without the folders below.
    let deleted = folder
        .run(
            Task::Delete,
            wild,
            json!({ "storeSettings": { "wildcardFileName": "*.csv" } }),
        )
        .await;
    let deleted = deleted.unwrap();
    assert_eq!(
        (&deleted["filesDeleted"], &deleted["isWildcardUsed"]),
        (&json!(1), &json!(true)),
        "{deleted}"
    );
    assert_eq!(file.metadata(&["exists"]).await.unwrap()["exists"], false);
    // A file that is named has to be there, unless an earlier attempt has deleted it.
    let again = file.run(Task::Delete, json!({}), json!({})).await.unwrap_err();
    assert_eq!(again.code, Code::FileNotFound);
    let second = file.attempt(2, Task::Delete, json!({}), json!({}), None).await.unwrap();
    assert_eq!(second["filesDeleted"], 0);
    // The rest with everything below.
    let all = json!({ "storeSettings": { "recursive": true } });
    let rest = folder.run(Task::Delete, all.clone(), all).await.unwrap();
    assert_eq!(
        (&rest["filesDeleted"], &rest["recursive"]),
        (&json!(2), &json!(true)),
        "{rest}"
    );
    assert_eq!(folder.metadata(&["exists"]).await.unwrap()["exists"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn local_files() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["in/a.csv", "in/b.txt", "in/deep/c.csv"] {
        put(dir.path(), name, "a,b\n");
    }
    works(async |location| in_folder(dir.path(), "Binary", location).await).await;
    assert!(dir.path().exists() && !dir.path().join("in").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs() {
    let server = Azurite::http();
    let client = server.client();
    client.create_container("box").await;
    for name in ["in/a.csv", "in/b.txt", "in/deep/c.csv"] {
        client.put(&format!("box/{name}"), b"a,b\n".to_vec()).await;
    }
    works(async |location| in_blobs(&server, location).await).await;
    client.put("box/x/md5.bin", b"hello".to_vec()).await;
    let file = in_blobs(&server, json!({ "folderPath": "x", "fileName": "md5.bin" })).await;
    let found = file.metadata(&["contentMD5"]).await.unwrap();
    assert_eq!(found["contentMD5"], "XUFAKrxLKna5cZ2REBfFkg==", "{found}");
}

async fn in_blobs(server: &Azurite, location: Value) -> Desk {
    let mut dataset = json!({ "location": { "type": "AzureBlobStorageLocation", "container": "box" } });
    for (name, value) in location.as_object().unwrap() {
        dataset["location"][name] = value.clone();
    }
    let connector = sluice_store_object::connector();
    Desk::open(
        connector,
        "AzureBlobStorage",
        server.type_properties(),
        "",
        "Binary",
        dataset,
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_s3() {
    let server = S3Server::start();
    let bucket = server.bucket("box");
    for name in ["in/a.csv", "in/b.txt", "in/deep/c.csv"] {
        put(&bucket, name, "a,b\n");
    }
    works(async |location| {
        let mut dataset = json!({ "location": { "type": "AmazonS3CompatibleLocation", "bucketName": "box" } });
        for (name, value) in location.as_object().unwrap() {
            dataset["location"][name] = value.clone();
        }
        let connector = sluice_store_object::connector();
        Desk::open(
            connector,
            "AmazonS3Compatible",
            server.type_properties(),
            "",
            "Binary",
            dataset,
        )
        .await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_tells_what_it_did_and_leaves_the_root_alone() {
    let (dir, outside, logs) = (
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
        tempfile::tempdir().unwrap(),
    );
    put(dir.path(), "a,b.csv", "1");
    put(dir.path(), "keep.txt", "1");
    put(outside.path(), "secret.txt", "1");
    std::os::unix::fs::symlink(outside.path(), dir.path().join("link")).unwrap();
    let log = in_folder(logs.path(), "Binary", json!({})).await;
    let root = in_folder(dir.path(), "Binary", json!({})).await;
    let settings = json!({ "enableLogging": true, "logStorageSettings": { "path": "deleted" },
        "storeSettings": { "wildcardFileName": "*.csv" } });
    let wild = json!({ "storeSettings": { "wildcardFileName": "*.csv" } });
    let output = root.attempt(1, Task::Delete, wild, settings, Some(&log)).await.unwrap();
    let path = output["logPath"].as_str().unwrap();
    let told = std::fs::read_to_string(logs.path().join(path)).unwrap();
    assert_eq!(told, "Name,Category,Status,Error\n\"a,b.csv\",File,Deleted,\n");
    for location in [
        json!({ "folderPath": "../", "fileName": "x" }),
        json!({ "folderPath": "link" }),
        json!({ "folderPath": "link", "fileName": "secret.txt" }),
    ] {
        let desk = in_folder(dir.path(), "Binary", location.clone()).await;
        let refused = desk
            .run(Task::Delete, json!({}), json!({ "recursive": true }))
            .await
            .unwrap_err();
        assert_eq!(refused.code, Code::PermissionDenied, "{location}");
    }
    let all = json!({ "recursive": true });
    assert_eq!(root.run(Task::Delete, json!({}), all).await.unwrap()["filesDeleted"], 1);
    assert!(dir.path().exists() && outside.path().join("secret.txt").exists());
}
