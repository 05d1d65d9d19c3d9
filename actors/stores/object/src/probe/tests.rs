use crate::connector;
use serde_json::json;
use sluice_contract::Code;
use sluice_contract::message::ProbeStage;
use sluice_store_core::StoreProperties;
use std::io::{Read, Write};
use std::net::TcpListener;

async fn probe(endpoint: &str) -> Vec<ProbeStage> {
    let text = format!("AccountName=a;AccountKey=QUFBQQ==;BlobEndpoint={endpoint}/a");
    let properties = StoreProperties {
        kind: "AzureBlobStorage".to_owned(),
        public: json!({ "connectionString": text }).as_object().unwrap().clone(),
        secrets: Default::default(),
    };
    connector().connect(properties).await.unwrap().probe().await
}

fn names(stages: &[ProbeStage]) -> Vec<&str> {
    stages.iter().map(|stage| stage.name.as_str()).collect()
}

#[tokio::test]
async fn a_probe_stops_at_the_stage_that_failed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = std::thread::spawn(move || {
        // The second connection is the TLS one: whatever it says, it hears HTTP.
        for stream in listener.incoming().take(2).flatten() {
            let mut stream = stream;
            let _ = stream.read(&mut [0; 512]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let stages = probe(&format!("https://{address}")).await;
    assert_eq!(names(&stages), ["resolve", "connect", "tls"]);
    assert_eq!(stages[2].fault.as_ref().unwrap().code, Code::TlsFailed);
    answer.join().unwrap();

    let stages = probe(&format!("http://{address}")).await;
    assert_eq!(names(&stages), ["resolve", "connect"]);
    assert_eq!(stages[1].fault.as_ref().unwrap().code, Code::StoreUnreachable);
    let stages = probe("https://a.invalid").await;
    assert_eq!(names(&stages), ["resolve"]);
    assert_eq!(stages[0].fault.as_ref().unwrap().code, Code::StoreUnreachable);
}
