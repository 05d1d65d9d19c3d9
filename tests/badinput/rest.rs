//! Requests that are not of the contract.

use serde_json::json;
use sluice_tests::factory::Factory;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

#[tokio::test]
async fn malformed_requests_are_answered_with_codes() {
    let mut factory = Factory::start();
    let rest = factory.rest();
    rest.make_gateway("onprem").await;
    let service = rest.path("linkedservices/x");

    for body in [
        "",
        "{",
        "not json",
        "[1,2",
        "{\"properties\": {\"type\": }}",
        "\u{0}\u{1}",
    ] {
        rest.raw("PUT", &service, Some(body)).await.expect_fault(400, "SL4002");
    }
    for (body, code) in [
        (json!({}), "SL4005"),
        (json!({ "properties": 7 }), "SL4005"),
        (json!({ "properties": {} }), "SL4006"),
    ] {
        rest.put("linkedservices/x", &body).await.expect_fault(400, code);
    }
    let dataset = json!({ "properties": { "type": "Parquet", "typeProperties": {} } });
    rest.put("datasets/x", &dataset).await.expect_fault(400, "SL4005");
    rest.put("pipelines/x", &json!({ "properties": { "activities": 3 } }))
        .await
        .expect_fault(400, "SL4005");
    for below in [
        "linkedservices/nope",
        "datasets/nope",
        "pipelines/nope",
        "integrationRuntimes/nope",
        "pipelineruns/nope",
    ] {
        let answer = rest.get(below).await;
        assert_eq!(answer.status, 404, "{below}: {}", answer.text);
        assert!(answer.json()["error"]["code"].is_string(), "{}", answer.text);
    }
    let answer = rest.post("pipelines/nope/createRun", &json!({})).await;
    assert_eq!(answer.status, 404, "{}", answer.text);
    assert_eq!(rest.delete("pipelines/nope").await.status, 204);
    let answer = rest
        .raw("GET", "/subscriptions/sub/no/such/thing?api-version=2018-06-01", None)
        .await;
    assert!((400..500).contains(&answer.status), "{}", answer.text);
    assert!(answer.json()["error"]["code"].is_string(), "{}", answer.text);
    factory.assert_running();
}

#[tokio::test]
async fn a_request_needs_its_token() {
    let factory = Factory::start();
    let rest = factory.rest();
    rest.make_gateway("onprem").await;
    for token in ["", "wrong", "ÿ"] {
        let mut stranger = rest.clone();
        stranger.token = token.to_owned();
        for below in ["", "integrationRuntimes/onprem", "pipelines/x"] {
            let answer = stranger.get(below).await;
            assert_eq!(answer.status, 401, "{below} with {token:?}: {}", answer.text);
        }
        let keys = stranger
            .post("integrationRuntimes/onprem/listAuthKeys", &json!({}))
            .await;
        assert_eq!(keys.status, 401, "{}", keys.text);
        assert!(!keys.text.contains("SLUICE@"), "{}", keys.text);
    }
}

#[tokio::test]
async fn noise_on_the_ports_harms_nobody() {
    let mut factory = Factory::start();
    for address in [
        factory.url.trim_start_matches("https://").to_owned(),
        factory.amqp.clone(),
    ] {
        for noise in [
            &b"GET / HTTP/1.1\r\n\r\n"[..],
            b"AMQP\x00\x01\x00\x00",
            &[0xff; 4096],
            b"",
        ] {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let _ = stream.write_all(noise);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            // Closed, or at least an answer: never a hang.
            let mut answer = [0; 64];
            let _ = stream.read(&mut answer);
        }
    }
    factory.assert_running();
    factory.rest().make_gateway("onprem").await;
}
