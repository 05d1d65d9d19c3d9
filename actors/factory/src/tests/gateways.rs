//! Gateways, their keys, states and nodes.

use super::fixture::{F, Fixture, PATIENCE, run};
use super::node::{Identity, credential};
use serde_json::{Value, json};
use sluice_contract::enrol::RegistrationKey;
use std::time::{Duration, Instant};

async fn state(fixture: &Fixture) -> Value {
    fixture.post("/integrationRuntimes/gw1/getStatus", json!({})).await.ok()
}

async fn state_is(fixture: &Fixture, wanted: &str) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = state(fixture).await;
        if found["properties"]["state"] == wanted {
            return found;
        }
        assert!(Instant::now() < deadline, "not {wanted}: {found}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

#[test]
fn a_gateway_has_two_keys() {
    run(async {
        let fixture = Fixture::with_factory().await;
        // A client that drops the type means the only kind there is.
        let made = fixture
            .put(
                "/integrationRuntimes/gw1",
                json!({ "properties": { "description": "d" } }),
            )
            .await
            .ok();
        assert_eq!(made["id"], format!("{F}/integrationruntimes/gw1"));
        assert_eq!(made["properties"], json!({ "description": "d", "type": "SelfHosted" }));
        let keys = fixture
            .post("/integrationRuntimes/gw1/listAuthKeys", json!({}))
            .await
            .ok();
        let read = |keys: &Value, name: &str| RegistrationKey::parse(keys[name].as_str().unwrap()).unwrap();
        let (one, two) = (read(&keys, "authKey1"), read(&keys, "authKey2"));
        assert_ne!(one, two);
        assert_eq!(format!("https://{}", one.endpoint), fixture.factory.rest_url());
        assert_eq!(
            fixture
                .post("/integrationRuntimes/gw1/listAuthKeys", json!({}))
                .await
                .ok(),
            keys,
            "they stay"
        );
        // A document that is sent again keeps its keys.
        fixture
            .put(
                "/integrationRuntimes/gw1",
                json!({ "properties": { "type": "SelfHosted" } }),
            )
            .await
            .ok();
        let renewed = fixture
            .post(
                "/integrationRuntimes/gw1/regenerateAuthKey",
                json!({ "keyName": "authKey2" }),
            )
            .await
            .ok();
        assert_eq!(renewed.as_object().unwrap().len(), 1);
        let now = fixture
            .post("/integrationRuntimes/gw1/listAuthKeys", json!({}))
            .await
            .ok();
        assert_eq!(
            (&now["authKey1"], &now["authKey2"]),
            (&keys["authKey1"], &renewed["authKey2"])
        );
        assert_ne!(now["authKey2"], keys["authKey2"]);
        let (code, _) = fixture
            .post("/integrationRuntimes/gw1/regenerateAuthKey", json!({ "keyName": "k" }))
            .await
            .error(400);
        assert_eq!(code, "SL4005");
        let patched = fixture
            .patch(
                "/integrationRuntimes/gw1",
                json!({ "autoUpdate": "On", "updateDelayOffset": "\"PT3H\"" }),
            )
            .await
            .ok();
        assert_eq!(patched["properties"]["autoUpdate"], "On");
        assert_eq!(
            fixture
                .post("/integrationRuntimes/gw1/syncCredentials", json!({}))
                .await
                .text,
            ""
        );
        fixture.stop().await;
    });
}

#[test]
fn states_follow_the_nodes() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        let status = state(&fixture).await;
        assert_eq!(status["properties"]["state"], "NeedRegistration");
        assert_eq!(status["properties"]["dataFactoryName"], "factory1");
        assert_eq!(status["properties"]["typeProperties"]["nodes"], json!([]));
        let key = credential();
        let one = Identity::register(&fixture, "Node_1", &key.certificate_pem).await;
        assert_eq!(state(&fixture).await["properties"]["state"], "Offline");
        let first = one.connect(2).await;
        let status = state_is(&fixture, "Online").await;
        let node = &status["properties"]["typeProperties"]["nodes"][0];
        assert_eq!(node["nodeName"], "Node_1");
        assert_eq!(node["machineName"], "gw01");
        assert_eq!(node["status"], "Online");
        assert_eq!(node["version"], "0.1.0");
        assert_eq!(node["isActiveDispatcher"], true);
        assert_eq!(node["concurrentJobsLimit"], 2);
        assert_eq!(node["capabilities"]["serviceBusConnected"], "True");
        assert!(node["lastConnectTime"].as_str().unwrap().ends_with('Z'));
        Identity::register(&fixture, "Node_2", &key.certificate_pem).await;
        state_is(&fixture, "Limited").await;
        first.leave().await;
        state_is(&fixture, "Offline").await;
        let info = fixture
            .post("/integrationRuntimes/gw1/getConnectionInfo", json!({}))
            .await
            .ok();
        assert_eq!(
            info["identityCertThumbprint"],
            sluice_seal::thumbprint(&key.certificate_pem).unwrap()
        );
        assert_eq!(info["serviceToken"], "");
        fixture.stop().await;
    });
}

#[test]
fn a_node_is_changed_and_removed() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        let identity = Identity::register(&fixture, "Node_1", &credential().certificate_pem).await;
        let mut node = identity.connect(2).await;
        let path = "/integrationRuntimes/gw1/nodes/node_1";
        state_is(&fixture, "Online").await;
        let changed = fixture.patch(path, json!({ "concurrentJobsLimit": 1 })).await.ok();
        assert_eq!(changed["concurrentJobsLimit"], 1);
        assert_eq!(fixture.get(path).await.ok(), changed);
        let told = node.next(&["config.changed"]).await;
        assert_eq!(told.data["concurrent_jobs_limit"], 1);
        assert_eq!(
            fixture
                .patch(path, json!({ "concurrentJobsLimit": 0 }))
                .await
                .error(400)
                .0,
            "SL4005"
        );
        assert_eq!(fixture.delete(path).await.status, 200);
        assert_eq!(fixture.delete(path).await.status, 204);
        assert_eq!(fixture.get(path).await.error(404).1, "nodes node_1 not found");
        assert_eq!(state(&fixture).await["properties"]["state"], "NeedRegistration");
        node.closed().await;
        assert!(
            identity.try_connect(1).await.is_err(),
            "its certificate is of no use any more"
        );
        // A new node may bring another certificate now.
        let again = Identity::register(&fixture, "Node_1", &credential().certificate_pem).await;
        again.connect(1).await.leave().await;
        fixture.stop().await;
    });
}

#[test]
fn recreating_a_key_cuts_the_nodes_and_regenerating_does_not() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        let identity = Identity::register(&fixture, "Node_1", &credential().certificate_pem).await;
        let mut node = identity.connect(2).await;
        state_is(&fixture, "Online").await;
        let path = "/integrationRuntimes/gw1/regenerateAuthKey";
        fixture.post(path, json!({ "keyName": "authKey1" })).await.ok();
        assert_eq!(state(&fixture).await["properties"]["state"], "Online");
        fixture
            .post(path, json!({ "keyName": "authKey1", "recreate": true }))
            .await
            .ok();
        node.closed().await;
        assert_eq!(state(&fixture).await["properties"]["state"], "NeedRegistration");
        assert!(identity.try_connect(1).await.is_err());
        fixture.stop().await;
    });
}

#[test]
fn what_a_node_says_of_itself_is_shown() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        let identity = Identity::register(&fixture, "Node_1", &credential().certificate_pem).await;
        let mut node = identity.connect(2).await;
        node.heartbeat(&[]).await;
        let data = fixture
            .post("/integrationRuntimes/gw1/monitoringData", json!({}))
            .await
            .ok();
        assert_eq!(data["nodes"][0]["nodeName"], "Node_1");
        assert_eq!(data["nodes"][0]["availableMemoryInMB"], 512);
        assert_eq!(data["nodes"][0]["cpuUtilization"], 12);
        node.leave().await;
        fixture.stop().await;
    });
}
