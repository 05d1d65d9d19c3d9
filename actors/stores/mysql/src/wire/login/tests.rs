//! Logins that MariaDB does not ask for, with a peer that follows MySQL's documentation.

use super::*;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeySize, OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use base64::Engine as _;
use serde_json::json;
use sluice_contract::document::StoreProperties;

const NONCE: &[u8; 20] = b"abcdefghijklmnopqrst";
const OK: &[u8] = &[0, 0, 0, 2, 0, 0, 0];

fn settings(ssl: u8) -> Settings {
    let public = json!({ "server": "db", "database": "d", "username": "u", "sslMode": ssl });
    let mut properties = StoreProperties {
        kind: "MySql".into(),
        public: public.as_object().unwrap().clone(),
        ..StoreProperties::default()
    };
    properties.secrets.insert("password", "secret");
    Settings::read(&properties, sluice_store_core::Network::open()).unwrap()
}

fn greeting(plugin: &str) -> Vec<u8> {
    let mut packet = b"\x0a8.0.36\0\x07\0\0\0".to_vec();
    packet.extend(&NONCE[..8]);
    // Everything but TLS.
    packet.extend([0, 0xff, 0xf7, 45, 2, 0, 0xff, 0x81, 21]);
    packet.extend([0; 10]);
    packet.extend(&NONCE[8..]);
    packet.push(0);
    packet.extend(plugin.as_bytes());
    packet.push(0);
    packet
}

/// Logs in to a peer that says what `server` makes it say.
async fn against<F: Future<Output = ()>>(
    plugin: &str,
    local: bool,
    ssl: u8,
    server: impl FnOnce(Channel) -> F,
) -> Result<LoggedIn, WireError> {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let mut channel = Channel::new(Box::new(far));
    send(&mut channel, &greeting(plugin)).await.unwrap();
    let settings = settings(ssl);
    let tls = settings.tls().unwrap();
    let (session, ()) = futures::join!(login(Box::new(near), local, &settings, &tls), server(channel));
    session
}

#[tokio::test]
async fn a_server_that_remembers_the_password_is_content() {
    let session = against("caching_sha2_password", false, 1, |mut channel| async move {
        let proof = Plugin::CachingSha2.answer("secret", NONCE, false).unwrap();
        let packet = channel.receive().await.unwrap();
        assert!(packet.windows(33).any(|part| part[0] == 32 && part[1..] == proof[..]));
        assert!(packet.ends_with(b"d\0caching_sha2_password\0"));
        send(&mut channel, &[1, 3]).await.unwrap();
        send(&mut channel, OK).await.unwrap();
    });
    assert_eq!(session.await.unwrap().greeting.id, 7);
}

#[tokio::test]
async fn on_an_open_wire_the_password_goes_under_the_servers_key() {
    let session = against("caching_sha2_password", false, 0, |mut channel| async move {
        let key = PrivateDecryptingKey::generate(KeySize::Rsa2048).unwrap();
        let der = AsDer::<PublicKeyX509Der<'_>>::as_der(&key.public_key()).unwrap();
        let base64 = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
        let pem = format!("\x01-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n");
        channel.receive().await.unwrap();
        send(&mut channel, &[1, 4]).await.unwrap();
        assert_eq!(channel.receive().await.unwrap(), [2]);
        send(&mut channel, pem.as_bytes()).await.unwrap();
        let sealed = channel.receive().await.unwrap().to_vec();
        let key = OaepPrivateDecryptingKey::new(key).unwrap();
        let mut opened = vec![0; key.min_output_size()];
        let opened = key.decrypt(&OAEP_SHA1_MGF1SHA1, &sealed, &mut opened, None).unwrap();
        let password: Vec<u8> = opened.iter().zip(NONCE).map(|(byte, mask)| byte ^ mask).collect();
        assert_eq!(password, b"secret\0");
        send(&mut channel, OK).await.unwrap();
    });
    session.await.unwrap();
}

#[tokio::test]
async fn nobody_in_between_gets_the_password_by_a_key_of_their_own() {
    let session = against("caching_sha2_password", false, 1, |mut channel| async move {
        channel.receive().await.unwrap();
        send(&mut channel, &[1, 4]).await.unwrap();
        assert!(channel.receive().await.is_err(), "nothing more is said");
    });
    let error = session.await.err().unwrap();
    assert!(error.to_string().contains("sslMode"), "{error}");
}

#[tokio::test]
async fn where_nobody_listens_it_goes_as_it_is() {
    let session = against("caching_sha2_password", true, 1, |mut channel| async move {
        channel.receive().await.unwrap();
        send(&mut channel, &[1, 4]).await.unwrap();
        assert_eq!(channel.receive().await.unwrap(), b"secret\0");
        send(&mut channel, OK).await.unwrap();
    });
    session.await.unwrap();
}

#[tokio::test]
async fn another_plugin_may_be_asked_for() {
    let session = against("caching_sha2_password", false, 1, |mut channel| async move {
        channel.receive().await.unwrap();
        send(&mut channel, b"\xfemysql_native_password\0tsrqponmlkjihgfedcba\0")
            .await
            .unwrap();
        let proof = Plugin::Native.answer("secret", b"tsrqponmlkjihgfedcba", false).unwrap();
        assert_eq!(channel.receive().await.unwrap(), &proof[..]);
        send(&mut channel, OK).await.unwrap();
    });
    session.await.unwrap();
    // But not one that makes the password readable, and not one that is not known.
    for plugin in ["mysql_clear_password", "authentication_kerberos_client"] {
        let session = against("caching_sha2_password", false, 1, |mut channel| async move {
            channel.receive().await.unwrap();
            let ask = format!("\u{0}{plugin}\0x\0");
            let mut ask = ask.into_bytes();
            ask[0] = 0xfe;
            send(&mut channel, &ask).await.unwrap();
        });
        assert!(matches!(session.await.err(), Some(WireError::Login(_))), "{plugin}");
    }
}
