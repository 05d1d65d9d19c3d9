//! Web activities that log in as a service principal: the password is sealed to the gateway, and a node gets the token.

use serde_json::{Value, json};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::rest::Rest;
use sluice_tests::secret_peer::{CLIENT_SECRET, SecretPeer};
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(90);

/// A call of something for which the peer wants a token of its own.
fn call(peer: &SecretPeer, authentication: Value) -> Value {
    let settings = json!({ "method": "GET", "url": format!("{}/secrets/word?api-version=1", peer.url()),
        "disableCertValidation": true, "authentication": authentication,
        "connectVia": { "type": "IntegrationRuntimeReference", "referenceName": "onprem" } });
    json!({ "properties": { "activities": [{ "name": "W", "type": "WebActivity", "typeProperties": settings }] } })
}

/// As Data Factory writes it, with an authority of our own.
fn principal(peer: &SecretPeer, password: &str) -> Value {
    json!({ "type": "ServicePrincipal", "username": "app-1", "userTenant": "tenant-1", "resource": "https://localhost/",
        "authority": peer.url(), "caCertificate": peer.identity.ca_pem, "password": { "type": "SecureString", "value": password } })
}

async fn end(rest: &Rest, pipeline: &str) -> Value {
    let run = rest.start(pipeline).await;
    rest.end_of(&run, PATIENCE).await
}

/// Whether a secret stands in any file of a folder.
fn is_in(folder: &Path, secret: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|item| {
        let path = item.unwrap().path();
        match path.is_dir() {
            true => is_in(&path, secret),
            false => std::fs::read(&path)
                .is_ok_and(|bytes| bytes.windows(secret.len()).any(|part| part == secret.as_bytes())),
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_principal_calls_with_a_token_of_its_authority() {
    let peer = SecretPeer::start();
    peer.set("word", "open sesame");
    let factory = Factory::start();
    let rest = factory.rest();
    let gateway = Gateway::start(&factory, "onprem").await;
    rest.put("pipelines/Call", &call(&peer, principal(&peer, CLIENT_SECRET)))
        .await
        .ok();
    let ended = end(&rest, "Call").await;
    assert_eq!(
        (&ended["status"], &ended["output"]["value"]),
        (&json!("Succeeded"), &json!("open sesame")),
        "{ended:#}"
    );
    assert!(
        peer.log()
            .iter()
            .any(|line| line.contains("/tenant-1/oauth2/v2.0/token")),
        "{:?}",
        peer.log()
    );
    // What is given back can be sent again, and still holds the sealed password.
    let kept = rest.get("pipelines/Call").await.ok();
    assert!(!kept.to_string().contains(CLIENT_SECRET), "{kept:#}");
    rest.put("pipelines/Call", &json!({ "properties": kept["properties"] }))
        .await
        .ok();
    assert_eq!(end(&rest, "Call").await["status"], "Succeeded");
    assert!(!is_in(&factory.state(), CLIENT_SECRET) && !is_in(&gateway.state(), CLIENT_SECRET));
    assert!(!factory.log().contains(CLIENT_SECRET) && !gateway.log().contains(CLIENT_SECRET));
    // Sealed for one server and one authority, it goes to no other.
    let moved = |name: &str, value: &str| {
        let mut body = json!({ "properties": kept["properties"] });
        let settings = &mut body["properties"]["activities"][0]["typeProperties"];
        match name {
            "url" => settings["url"] = value.into(),
            name => settings["authentication"][name] = value.into(),
        }
        body
    };
    let before = peer.log().len();
    for (name, value) in [
        ("url", "https://127.0.0.2:9/"),
        ("authority", "https://127.0.0.2:9"),
        ("userTenant", "tenant-2"),
    ] {
        rest.put("pipelines/Moved", &moved(name, value)).await.ok();
        let ended = end(&rest, "Moved").await;
        assert!(ended["error"].to_string().contains("SL5005"), "{name}: {ended:#}");
    }
    assert_eq!(peer.log().len(), before);
    // A wrong password, a password that only a node could have, and identities that only Azure has.
    rest.put("pipelines/Wrong", &call(&peer, principal(&peer, "canary-wrong")))
        .await
        .ok();
    let ended = end(&rest, "Wrong").await;
    let error = ended["error"].to_string();
    assert!(
        error.contains("SL5026") && error.contains("AADSTS7000215") && !error.contains("canary"),
        "{ended:#}"
    );
    let mut ours = call(&peer, principal(&peer, CLIENT_SECRET));
    ours["properties"]["activities"][0]["typeProperties"]["connectVia"] = Value::Null;
    let managed = json!({ "type": "UserAssignedManagedIdentity", "resource": "https://localhost" });
    for (pipeline, says) in [(ours, "connectVia"), (call(&peer, managed), "managed identity")] {
        rest.put("pipelines/Refused", &pipeline).await.ok();
        let ended = end(&rest, "Refused").await;
        let error = ended["error"].to_string();
        assert!(error.contains("SL6026") && error.contains(says), "{ended:#}");
    }
    // And of a key vault's password the node fetches both.
    let via = json!({ "type": "IntegrationRuntimeReference", "referenceName": "onprem" });
    let vault = json!({ "properties": { "type": "AzureKeyVault", "connectVia": via, "typeProperties": {
        "baseUrl": peer.url(), "tenant": "tenant-1", "servicePrincipalId": "app-1", "authority": peer.url(), "resource": "https://localhost",
        "servicePrincipalKey": { "type": "SecureString", "value": CLIENT_SECRET }, "caCertificate": peer.identity.ca_pem } } });
    rest.put("linkedservices/Vault", &vault).await.ok();
    peer.set("principal", CLIENT_SECRET);
    let mut login = principal(&peer, "");
    login["password"] = json!({ "type": "AzureKeyVaultSecret", "secretName": "principal",
        "store": { "referenceName": "Vault", "type": "LinkedServiceReference" } });
    rest.put("pipelines/Call", &call(&peer, login)).await.ok();
    let ended = end(&rest, "Call").await;
    assert_eq!(ended["output"]["value"], "open sesame", "{ended:#}");
}
