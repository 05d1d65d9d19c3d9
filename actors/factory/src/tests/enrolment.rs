//! Who becomes a node, and who does not.

use super::fixture::{Fixture, run};
use super::node::{Identity, auth_key, credential, enrol, request};
use serde_json::json;

#[test]
fn only_a_current_key_registers() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        let (certificate, csr) = (credential().certificate_pem, request().0);
        let key = auth_key(&fixture).await;
        let mut wrong = key.clone();
        let last = if wrong.pop() == Some('A') { 'E' } else { 'A' };
        wrong.push(last);
        let other_gateway = key.replacen("@0", "@1", 1);
        for (key, status, code) in [
            (wrong.as_str(), 403, "SL2002"),
            (other_gateway.as_str(), 403, "SL2002"),
            ("", 400, "SL2001"),
            ("IR@x@y@z", 400, "SL2001"),
        ] {
            let (found, message) = enrol(&fixture, key, "n", &certificate, &csr).await.error(status);
            assert_eq!(found, code, "{message}");
            assert!(key.is_empty() || !message.contains(key), "the key is not quoted");
        }
        let answer = enrol(&fixture, &key, "n1", &certificate, "junk").await;
        assert_eq!(answer.error(400).0, "SL2007");
        let answer = enrol(&fixture, &key, "n1", "junk", &csr).await;
        assert_eq!(answer.error(400).0, "SL5008");
        let reply = enrol(&fixture, &key, "n1", &certificate, &csr).await.ok();
        assert_eq!(reply["gateway_name"], "gw1");
        assert_eq!(reply["factory_name"], "factory1");
        // The old key does not work once it was regenerated; its sibling goes on.
        fixture
            .post(
                "/integrationRuntimes/gw1/regenerateAuthKey",
                json!({ "keyName": "authKey1" }),
            )
            .await
            .ok();
        assert_eq!(
            enrol(&fixture, &key, "n2", &certificate, &csr).await.error(403).0,
            "SL2002"
        );
        fixture.stop().await;
    });
}

#[test]
fn places_names_and_certificates_are_checked() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        let key = auth_key(&fixture).await;
        let certificate = credential().certificate_pem;
        let csr = || request().0;
        enrol(&fixture, &key, "n1", &certificate, &csr()).await.ok();
        assert_eq!(
            enrol(&fixture, &key, "N1", &certificate, &csr()).await.error(409).0,
            "SL2012"
        );
        let other = credential().certificate_pem;
        let (code, message) = enrol(&fixture, &key, "n2", &other, &csr()).await.error(409);
        assert_eq!(code, "SL2010");
        assert!(message.contains("n1"), "{message}");
        for name in ["n2", "n3", "n4"] {
            enrol(&fixture, &key, name, &certificate, &csr()).await.ok();
        }
        assert_eq!(
            enrol(&fixture, &key, "n5", &certificate, &csr()).await.error(409).0,
            "SL2011"
        );
        assert_eq!(
            enrol(&fixture, &key, "a/b", &certificate, &csr()).await.error(400).0,
            "SL4012"
        );
        fixture.stop().await;
    });
}

#[test]
fn guessing_keys_is_slowed_down() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        let (certificate, csr) = (credential().certificate_pem, request().0);
        for _ in 0..10 {
            enrol(&fixture, "junk", "n", &certificate, &csr).await.error(400);
        }
        let answer = enrol(&fixture, &auth_key(&fixture).await, "n", &certificate, &csr).await;
        assert_eq!(answer.error(429).0, "SL2013");
        assert_eq!(answer.headers["retry-after"], "60");
        fixture.stop().await;
    });
}

#[test]
fn a_certificate_of_another_ca_does_not_connect() {
    run(async {
        let fixture = Fixture::with_factory().await;
        fixture.gateway().await;
        let stranger = Fixture::with_factory().await;
        stranger.gateway().await;
        let mut identity = Identity::register(&stranger, "n1", &credential().certificate_pem).await;
        let mine = Identity::register(&fixture, "n1", &credential().certificate_pem).await;
        identity.reply.amqp_endpoint = mine.reply.amqp_endpoint.clone();
        identity.reply.ca = mine.reply.ca.clone();
        assert!(identity.try_connect(1).await.is_err());
        mine.connect(1).await.leave().await;
        stranger.stop().await;
        fixture.stop().await;
    });
}
