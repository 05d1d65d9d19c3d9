//! Testing a connection through a node.

use super::fixture::{F, Fixture, run};
use super::node::{Identity, credential};
use serde_json::json;
use sluice_contract::message::{ProbeReply, ProbeStage};
use sluice_contract::{Message, Object};

#[test]
fn a_connection_is_tested_through_a_node() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        fixture.pipeline(json!({})).await;
        let path = format!("{F}/linkedservices/Db/testConnection");
        let answer = fixture.call(reqwest::Method::POST, &path, &[], None).await;
        assert_eq!(answer.error(409).0, "SL4015");
        let identity = Identity::register(&fixture, "n1", &credential().certificate_pem).await;
        let mut node = identity.connect(1).await;
        let test = fixture.call(reqwest::Method::POST, &path, &[], None);
        let play = async {
            let request = node.next(&["probe.request"]).await;
            assert_eq!(request.data["endpoint"]["name"], "Db");
            let stages = vec![ProbeStage {
                name: "connect".into(),
                millis: 3,
                fault: None,
                extra: Object::new(),
            }];
            let reply = Message::ProbeReply(ProbeReply {
                stages,
                extra: Object::new(),
            });
            node.send(&node.envelope(&reply).answering(&request)).await;
        };
        let (answer, ()) = tokio::join!(test, play);
        let body = answer.ok();
        assert_eq!(body["succeeded"], true);
        assert_eq!(body["node"], "n1");
        assert_eq!(body["stages"], json!([{ "name": "connect", "millis": 3 }]));
        let (code, _) = fixture
            .call(reqwest::Method::POST, &format!("{path}?gateway=nope"), &[], None)
            .await
            .error(400);
        assert_eq!(code, "SL4007");
        node.leave().await;
        fixture.stop().await;
    });
}
