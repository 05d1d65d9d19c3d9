use super::*;
use crate::tests::on_runtime;
use crate::tests::pki::Ca;
use crate::vault::{certificates, read_pair};
use rustls::ServerConfig;
use sluice_contract::enrol::{EnrolReply, EnrolRequest, RegistrationKey};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A server that answers every request with what `answer` makes of its body, and keeps what it heard in clear.
struct Server {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Server {
    async fn start(tls: Arc<ServerConfig>, answer: impl Fn(&EnrolRequest) -> (u16, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&heard);
        tokio::spawn(async move {
            let acceptor = tokio_rustls::TlsAcceptor::from(tls);
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut request = Vec::new();
                while body(&request).is_none() {
                    let mut buffer = [0; 4096];
                    match stream.read(&mut buffer).await {
                        Ok(n) if n > 0 => request.extend_from_slice(&buffer[..n]),
                        _ => break,
                    }
                }
                log.lock().unwrap().extend_from_slice(&request);
                let Some(request) = body(&request) else { continue };
                let (status, text) = answer(&serde_json::from_slice(request).unwrap());
                let head = format!(
                    "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    text.len()
                );
                let _ = stream.write_all((head + &text).as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { address, heard }
    }

    fn key(&self, pin: [u8; 32]) -> RegistrationKey {
        let endpoint = format!("localhost:{}", self.address.port());
        RegistrationKey::new("g1".into(), "f1".into(), endpoint, pin, [7; 32])
    }

    fn heard(&self) -> String {
        String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned()
    }
}

fn body(request: &[u8]) -> Option<&[u8]> {
    let end = request.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&request[..end]).unwrap().to_ascii_lowercase();
    let length: usize = head
        .split("content-length:")
        .nth(1)?
        .split("\r\n")
        .next()?
        .trim()
        .parse()
        .unwrap();
    request.get(end + 4..end + 4 + length)
}

fn reply(ca: &Ca, request: &EnrolRequest) -> (u16, String) {
    let reply = EnrolReply {
        gateway: "g1".into(),
        gateway_name: "warehouse".to_owned(),
        factory_name: "demo".to_owned(),
        node: "n1".into(),
        certificate: ca.sign(&request.csr),
        ca: ca.pem(),
        amqp_endpoint: "localhost:5671".to_owned(),
        broker: None,
        replicas: Vec::new(),
        https_endpoint: "https://localhost".to_owned(),
    };
    (200, serde_json::to_string(&reply).unwrap())
}

fn options(directory: &Path, key: RegistrationKey) -> RegisterOptions {
    RegisterOptions {
        state_dir: directory.join("state"),
        key,
        node_name: "first".to_owned(),
        replace: false,
        key_kind: sluice_seal::KeyKind::P256,
        passphrase: None,
        await_approval: false,
    }
}

#[test]
fn a_node_registers_once() {
    on_runtime(async {
        let temp = tempfile::tempdir().unwrap();
        let ca = Arc::new(Ca::new());
        let signer = Arc::clone(&ca);
        let tls = ca.https(&["localhost"], &[ca.der()]);
        let server = Server::start(tls, move |request| reply(&signer, request)).await;
        let options = options(temp.path(), server.key(ca.pin()));
        let registered = register(options.clone()).await.unwrap();
        assert_eq!(
            (registered.node.as_str(), registered.gateway_name.as_str()),
            ("n1", "warehouse")
        );
        let state = StateDir::at(&options.state_dir);
        let identity = Identity::load(&state).unwrap();
        assert_eq!(
            (identity.node.as_str(), identity.amqp_endpoint.as_str()),
            ("n1", "localhost:5671")
        );
        client_config(&state).unwrap();
        // The certificate that was sent is the one in the vault, and its key can be used.
        let path = certificates(&state).unwrap().remove(0);
        let pair = read_pair(&path, crate::vault::at_hand(&state, None).unwrap().as_ref())
            .unwrap()
            .unwrap();
        let mut ring = sluice_seal::KeyRing::new();
        ring.insert(&pair.certificate_pem, &pair.pkcs8).unwrap();
        assert!(server.heard().contains(&pair.certificate_pem.replace('\n', "\\n")));
        let again = register(options).await.unwrap_err();
        assert_eq!(again.code, Code::AlreadyRegistered);
        assert!(again.message.contains("warehouse"), "{again}");
    });
}

#[test]
fn a_wrong_pin_sends_nothing() {
    on_runtime(async {
        let temp = tempfile::tempdir().unwrap();
        let (real, impostor) = (Ca::new(), Ca::new());
        // Its own CA, or the real one's certificate in front of a leaf of its own.
        for shown in [vec![impostor.der()], vec![real.der()], vec![]] {
            let server = Server::start(impostor.https(&["localhost"], &shown), |_| (200, String::new())).await;
            let fault = register(options(temp.path(), server.key(real.pin())))
                .await
                .unwrap_err();
            assert_eq!(fault.code, Code::CaPinMismatch, "{fault}");
            assert_eq!(server.heard(), "");
            assert!(!temp.path().join("state/gateway.toml").exists());
        }
    });
}

#[test]
fn a_server_of_another_name_is_refused() {
    on_runtime(async {
        let temp = tempfile::tempdir().unwrap();
        let ca = Ca::new();
        let server = Server::start(ca.https(&["other.example"], &[ca.der()]), |_| (200, String::new())).await;
        let fault = register(options(temp.path(), server.key(ca.pin()))).await.unwrap_err();
        assert_eq!(fault.code, Code::FactoryUnreachable, "{fault}");
        assert_eq!(server.heard(), "");
    });
}

#[test]
fn what_the_factory_refuses_is_told_in_its_words() {
    on_runtime(async {
        let temp = tempfile::tempdir().unwrap();
        let ca = Ca::new();
        let refusal = r#"{"error":{"code":"SL2002","message":"the key was regenerated"}}"#;
        let tls = ca.https(&["localhost"], &[ca.der()]);
        let server = Server::start(Arc::clone(&tls), |_| (401, refusal.to_owned())).await;
        let key = server.key(ca.pin());
        let fault = register(options(temp.path(), key.clone())).await.unwrap_err();
        assert_eq!(
            (fault.code, fault.message.as_str()),
            (Code::KeyRefused, "the key was regenerated")
        );
        assert!(!fault.to_string().contains(&key.expose()));
        // Both keys are kept for the next try: the factory may know the certificate already.
        let state = StateDir::at(&temp.path().join("state"));
        let first = certificates(&state).unwrap();
        register(options(temp.path(), key)).await.unwrap_err();
        assert_eq!((first.len(), certificates(&state).unwrap()), (1, first));
        // No words at all.
        let mute = Server::start(tls, |_| (502, "<html>".to_owned())).await;
        let fault = register(options(temp.path(), mute.key(ca.pin()))).await.unwrap_err();
        assert_eq!(fault.code, Code::FactoryUnreachable);
        assert!(fault.message.contains("502"), "{fault}");
    });
}

#[test]
fn an_unreachable_factory_and_a_crooked_endpoint() {
    on_runtime(async {
        let temp = tempfile::tempdir().unwrap();
        let key =
            |endpoint: &str| RegistrationKey::new("g1".into(), "f1".into(), endpoint.to_owned(), [1; 32], [7; 32]);
        let closed = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let fault = register(options(temp.path(), key(&closed.to_string())))
            .await
            .unwrap_err();
        assert_eq!(fault.code, Code::FactoryUnreachable);
        assert!(fault.message.contains("refused"), "{fault}");
        for crooked in ["evil.example/x?", "a:b@evil.example", "#", ""] {
            let fault = register(options(temp.path(), key(crooked))).await.unwrap_err();
            assert_eq!(fault.code, Code::KeyInvalid, "{crooked}");
        }
    });
}

#[test]
fn a_directory_without_a_node_is_not_registered() {
    let temp = tempfile::tempdir().unwrap();
    let fault = Identity::load(&StateDir::at(temp.path())).unwrap_err();
    assert_eq!(fault.code, Code::NotRegistered);
}
