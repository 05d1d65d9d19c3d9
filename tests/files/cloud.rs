//! Files to and from object stores.

use super::bench::{Copy, End, Folder, copy, noise, object, properties};
use serde_json::json;
use sluice_contract::Code;
use sluice_contract::Object;
use sluice_tests::azurite::Azurite;
use sluice_tests::s3::S3Server;

fn blob(server: &Azurite, folder: &str) -> End {
    End {
        connector: sluice_store_object::connector(),
        properties: properties("AzureBlobStorage", server.type_properties()),
        dataset: object(
            json!({"location": {"type": "AzureBlobStorageLocation", "container": "box", "folderPath": folder}}),
        ),
        activity: Object::new(),
    }
}

fn s3(server: &S3Server, folder: &str) -> End {
    End {
        connector: sluice_store_object::connector(),
        properties: properties("AmazonS3Compatible", server.type_properties()),
        dataset: object(
            json!({"location": {"type": "AmazonS3CompatibleLocation", "bucketName": "box", "folderPath": folder}}),
        ),
        activity: Object::new(),
    }
}

fn tree() -> Folder {
    let folder = Folder::new();
    for number in 0..40 {
        folder.put(&format!("in/{}/{number}.bin", number % 3), noise(number * 500));
    }
    // Several blocks.
    folder.put("in/large.bin", noise(35 << 20));
    folder
}

/// There, between two stores, and back again.
async fn around(there: End, other: End, back: Folder) {
    let folder = tree();
    let done = copy(&folder.end("in"), &there).await.unwrap();
    assert_eq!(done.extra["filesWritten"], 41);
    let checked =
        Copy::new(&there, &other).settings(json!({"validateDataConsistency": true, "preserve": ["Attributes"]}));
    let done = checked.run().await.unwrap();
    assert_eq!(
        done.extra["dataConsistencyVerification"]["verified"], "size and MD5",
        "{:?}",
        done.extra
    );
    copy(&other, &back.end("")).await.unwrap();
    assert!(folder.all("in") == back.all(""));
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs() {
    let server = Azurite::https();
    server.client().create_container("box").await;
    around(blob(&server, "a"), blob(&server, "b/c"), Folder::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_s3() {
    let server = S3Server::start();
    server.bucket("box");
    around(s3(&server, "a"), s3(&server, "b/c"), Folder::new()).await;
    let wrong =
        json!({"serviceUrl": server.endpoint(), "accessKeyId": "sluicetests", "secretAccessKey": "canary-wrong"});
    let mut end = s3(&server, "a");
    end.properties = properties("AmazonS3Compatible", wrong);
    let fault = copy(&end, &Folder::new().end("")).await.unwrap_err();
    assert!(
        fault.code == Code::LoginFailed && !fault.message.contains("canary"),
        "{fault}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_attempt_writes_only_what_is_missing() {
    let server = Azurite::http();
    let client = server.client();
    client.create_container("box").await;
    let folder = tree();
    let mut job = Copy::new(&folder.end("in"), &blob(&server, "a"));
    job.run().await.unwrap();
    // The first attempt died before it could write these; one of the source's files was changed since.
    let before = client.list("box").await.len();
    folder.put("in/0/0.bin", "another");
    folder.put("in/new", "new");
    (job.key.attempt, job.key.token) = (2, 2);
    let done = job.run().await.unwrap();
    assert_eq!(
        (&done.extra["filesWritten"], done.bytes_written),
        (&json!(42), 10),
        "{done:?}"
    );
    assert!(
        done.warnings.iter().any(|warning| warning.starts_with("40 files")),
        "{:?}",
        done.warnings
    );
    assert_eq!(client.list("box").await.len(), before + 1);
    assert_eq!(client.get("box/a/0/0.bin").await, b"another");

    // An attempt that was overtaken does not write over a later one's files.
    folder.put("in/0/0.bin", "late");
    (job.key.attempt, job.key.token) = (1, 1);
    assert_eq!(job.run().await.unwrap_err().code, Code::CommitDenied);
    assert_eq!(client.get("box/a/0/0.bin").await, b"another");
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs_are_chosen_by_prefix_and_deleted_when_copied() {
    let server = Azurite::http();
    let client = server.client();
    client.create_container("box").await;
    for name in ["logs/2024-01/a", "logs/2024-02/b", "logs/2025-01/c", "other/d"] {
        client.put(&format!("box/{name}"), name.as_bytes().to_vec()).await;
    }
    let out = Folder::new();
    let source = blob(&server, "").with(json!({"prefix": "logs/2024", "deleteFilesAfterCompletion": true}));
    copy(&source, &out.end("")).await.unwrap();
    assert_eq!(out.names(""), ["2024-01/a", "2024-02/b"]);
    assert_eq!(client.list("box").await, ["logs/2025-01/c", "other/d"]);
    let out = Folder::new();
    copy(
        &blob(&server, "").with(json!({"wildcardFolderPath": "*", "recursive": false})),
        &out.end(""),
    )
    .await
    .unwrap();
    assert_eq!(out.names(""), ["other/d"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_is_written_and_carried() {
    let server = Azurite::http();
    server.client().create_container("box").await;
    let folder = tree();
    let sink = blob(&server, "a").with(json!({"metadata": [{"name": "owner", "value": "finance"}]}));
    copy(&folder.end("in/0"), &sink).await.unwrap();
    let carried = Copy::new(&blob(&server, "a"), &blob(&server, "b")).settings(json!({"preserve": ["Attributes"]}));
    carried.run().await.unwrap();
    for folder in ["a", "b"] {
        let head = server.client().head(&format!("box/{folder}/3.bin")).await;
        assert_eq!(head.get("x-ms-meta-owner").unwrap(), "finance", "{folder}");
    }
}
