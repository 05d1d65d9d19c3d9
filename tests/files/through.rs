//! Files through the factory and a gateway, which is killed in the middle.

use serde_json::json;
use sluice_tests::azurite::Azurite;
use sluice_tests::documents::{End, make_copy};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::poll::until;
use std::time::Duration;

const FILES: usize = 1500;
/// A run that lost a node waits for its lease first.
const PATIENCE: Duration = Duration::from_secs(200);

fn content(number: usize) -> Vec<u8> {
    format!("{number};").repeat(number % 300).into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_gateway_goes_on_with_the_files_that_are_missing() {
    let (azurite, factory) = (Azurite::http(), Factory::start());
    let client = azurite.client();
    client.create_container("lake").await;
    let mut gateway = Gateway::start(&factory, "onprem").await;
    let folder = tempfile::tempdir().unwrap();
    for number in 0..FILES {
        std::fs::write(folder.path().join(format!("{number}.txt")), content(number)).unwrap();
    }
    let source = End {
        service: "FileServer",
        properties: json!({ "host": folder.path() }),
        dataset: "Binary",
        table: json!({ "location": { "type": "FileServerLocation" } }),
        activity: json!({ "type": "BinarySource",
            "storeSettings": { "type": "FileServerReadSettings", "recursive": true, "deleteFilesAfterCompletion": true } }),
    };
    let sink = End {
        service: "AzureBlobStorage",
        properties: azurite.type_properties(),
        dataset: "Binary",
        table: json!({ "location": { "type": "AzureBlobStorageLocation", "container": "lake", "folderPath": "in" } }),
        activity: json!({ "type": "BinarySink", "storeSettings": { "type": "AzureBlobStorageWriteSettings" } }),
    };
    let rest = factory.rest();
    make_copy(&rest, "onprem", "Files", &source, &sink).await;
    let run = rest.start("Files").await;
    until("some files", Duration::from_secs(60), || async {
        (client.list("lake").await.len() > 30).then_some(())
    })
    .await;
    gateway.kill9();
    let there = client.list("lake").await.len();
    assert!(there < FILES, "the copy was over too soon to die in it");
    gateway.boot();
    let activity = rest.end_of(&run, PATIENCE).await;
    assert_eq!(activity["status"], "Succeeded", "{activity:#}\n{}", gateway.log());
    let output = &activity["output"];
    assert_eq!(
        (&output["filesRead"], &output["filesWritten"]),
        (&json!(FILES), &json!(FILES)),
        "{output:#}"
    );
    // What the first attempt had written was not written again.
    let all: usize = (0..FILES).map(|number| content(number).len()).sum();
    assert!(output["dataWritten"].as_u64() < Some(all as u64), "{all}: {output:#}");
    for number in 0..FILES {
        let blob = client.get(&format!("lake/in/{number}.txt")).await;
        assert!(blob == content(number), "{number}.txt");
    }
    // All were copied, by one attempt or the other; the last one knows of all of them.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
