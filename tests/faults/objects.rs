//! An object store that answers 500 and 503, says nothing, or does what it is asked to and does not say so.

use super::common::{digest, fill, make, parquet_digest, succeeds};
use serde_json::{Value, json};
use sluice_tests::azurite::Azurite;
use sluice_tests::documents::{End, blob_parquet_sink, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::postgres::Postgres;
use sluice_tests::proxy::{Answer, HttpProxy, Which};
use sluice_tests::s3::S3Server;
use std::path::Path;

/// A file that is written in several blocks.
const BYTES: usize = 20 << 20;
/// More than a request is tried again.
const OFTEN: usize = 8;

/// Bytes that look like noise, and are the same every time.
fn noise() -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..BYTES / 8).flat_map(|_| next().to_le_bytes()).collect()
}

fn binary(service: &'static str, properties: Value, location: Value, activity: Value) -> End {
    End {
        service,
        properties,
        dataset: "Binary",
        table: json!({ "location": location }),
        activity,
    }
}

fn file_source(folder: &Path) -> End {
    binary(
        "FileServer",
        json!({ "host": folder }),
        json!({ "type": "FileServerLocation", "fileName": "noise.bin" }),
        json!({ "type": "BinarySource", "storeSettings": { "type": "FileServerReadSettings" } }),
    )
}

/// What goes wrong: which requests, and what becomes of them, after so many that pass, and how often.
type Trouble = (&'static str, Which, Answer, usize, usize);

fn troubles(block: &'static str, last: (&'static str, &'static str)) -> Vec<Trouble> {
    let put = |part| Which::of("PUT", part);
    let end = || Which::of(last.0, last.1);
    vec![
        ("a block refused", put(block), Answer::Status(503), 1, 2),
        ("an error for a block", put(block), Answer::Status(500), 0, 3),
        ("a block stored without a word", put(block), Answer::DoneAndCut, 1, 1),
        ("a block stored with an error", put(block), Answer::DoneBut(500), 1, 1),
        ("the end refused", end(), Answer::Status(503), 0, 2),
        ("the end done without a word", end(), Answer::DoneAndCut, 0, 1),
        ("the end done with an error", end(), Answer::DoneBut(503), 0, 1),
        (
            "everything refused for a while",
            Which::any(),
            Answer::Status(503),
            0,
            OFTEN,
        ),
        (
            "a block refused for good in this attempt",
            put(block),
            Answer::Status(500),
            0,
            OFTEN,
        ),
        ("a block never answered", put(block), Answer::Silence, 0, 1),
    ]
}

struct World {
    _factory: Factory,
    gateway: Gateway,
    rest: sluice_tests::rest::Rest,
}

impl World {
    async fn start() -> Self {
        let factory = Factory::start();
        let mut gateway = Gateway::registered(&factory, "onprem").await;
        // What is never answered is given up after five seconds.
        gateway.boot_with(&["--stall", "5"], &[]);
        gateway.online(&factory).await;
        Self {
            rest: factory.rest(),
            gateway,
            _factory: factory,
        }
    }

    /// Runs a copy through each trouble.
    async fn suffer(&self, name: &str, front: &HttpProxy, troubles: Vec<Trouble>, check: impl AsyncFn(&str)) {
        succeeds(&self.rest, &self.rest.start(name).await).await;
        check("undisturbed").await;
        for (what, which, answer, after, times) in troubles {
            let before = front.struck().len();
            front.fail(which, answer, after, times);
            let run = self.rest.start(name).await;
            let activity = self.rest.end_of(&run, super::common::PATIENCE).await;
            assert_eq!(
                activity["status"],
                "Succeeded",
                "{what}: {activity:#}\n{}",
                self.gateway.log()
            );
            super::common::told(&activity);
            assert!(
                front.struck().len() > before,
                "{what}: it never happened: {:?}",
                front.seen()
            );
            check(what).await;
            front.heal();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs_of_files() {
    let (world, azurite, folder) = (World::start().await, Azurite::http(), tempfile::tempdir().unwrap());
    let bytes = noise();
    std::fs::write(folder.path().join("noise.bin"), &bytes).unwrap();
    let client = azurite.client();
    client.create_container("lake").await;
    let front = HttpProxy::to(azurite.port).await;
    let through = azurite
        .connection_string()
        .replace(&format!(":{}/", azurite.port), &format!(":{}/", front.port));
    let sink = binary(
        "AzureBlobStorage",
        json!({ "connectionString": through }),
        json!({ "type": "AzureBlobStorageLocation", "container": "lake", "folderPath": "in" }),
        json!({ "type": "BinarySink", "storeSettings": { "type": "AzureBlobStorageWriteSettings" } }),
    );
    make(&world.rest, "Files", &file_source(folder.path()), &sink, 4).await;
    let check = async |what: &str| {
        assert_eq!(client.list("lake").await, ["in/noise.bin"], "{what}");
        assert!(
            client.get("lake/in/noise.bin").await == bytes,
            "{what}: the blob is another"
        );
    };
    world
        .suffer(
            "Files",
            &front,
            troubles("comp=block&", ("PUT", "comp=blocklist")),
            check,
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_files() {
    let (world, server, folder) = (World::start().await, S3Server::start(), tempfile::tempdir().unwrap());
    let bytes = noise();
    std::fs::write(folder.path().join("noise.bin"), &bytes).unwrap();
    let bucket = server.bucket("lake");
    let front = HttpProxy::to(server.port).await;
    let mut properties = server.type_properties();
    properties["serviceUrl"] = json!(format!("http://127.0.0.1:{}", front.port));
    let sink = binary(
        "AmazonS3Compatible",
        properties,
        json!({ "type": "AmazonS3CompatibleLocation", "bucketName": "lake", "folderPath": "in" }),
        json!({ "type": "BinarySink", "storeSettings": { "type": "AmazonS3CompatibleWriteSettings" } }),
    );
    make(&world.rest, "Files", &file_source(folder.path()), &sink, 4).await;
    let check = async |what: &str| {
        assert_eq!(server.list("lake"), ["in/noise.bin"], "{what}");
        assert!(
            std::fs::read(bucket.join("in/noise.bin")).unwrap() == bytes,
            "{what}: the object is another"
        );
    };
    world
        .suffer("Files", &front, troubles("partNumber=", ("POST", "uploadId=")), check)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_of_rows_in_one_request() {
    let (world, azurite, source) = (World::start().await, Azurite::http(), Postgres::start());
    fill(&source, 5000).await;
    let expected = digest(&source, "big").await;
    let client = azurite.client();
    client.create_container("lake").await;
    let front = HttpProxy::to(azurite.port).await;
    let through = azurite
        .connection_string()
        .replace(&format!(":{}/", azurite.port), &format!(":{}/", front.port));
    let sink = blob_parquet_sink(&azurite, "lake", "big.parquet").property("connectionString", json!(through));
    make(
        &world.rest,
        "Rows",
        &postgres_source(&source, "public", "big"),
        &sink,
        4,
    )
    .await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let check = async |what: &str| {
        assert_eq!(client.list("lake").await, ["out/big.parquet"], "{what}");
        std::fs::write(file.path(), client.get("lake/out/big.parquet").await).unwrap();
        assert_eq!(parquet_digest(file.path()), expected, "{what}");
    };
    let put = || Which::of("PUT", "big.parquet");
    let troubles = vec![
        ("refused", put(), Answer::Status(503), 0, 2),
        ("an error", put(), Answer::Status(500), 0, 1),
        ("stored without a word", put(), Answer::DoneAndCut, 0, 1),
        ("stored with an error", put(), Answer::DoneBut(500), 0, 1),
        ("refused for good in this attempt", put(), Answer::Status(503), 0, OFTEN),
        ("never answered", put(), Answer::Silence, 0, 1),
    ];
    world.suffer("Rows", &front, troubles, check).await;
}
