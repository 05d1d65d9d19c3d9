//! A store of secrets for tests: speaks as much of Azure Key Vault, of its token service and of HashiCorp Vault's KV as a
//! node asks for, and checks every token. HTTPS only.

use crate::tls::{ServerIdentity, server_identity};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What a client has to say to get a token.
pub const CLIENT_SECRET: &str = "canary-client-secret";
/// What an AppRole has to say.
pub const SECRET_ID: &str = "canary-secret-id";

#[derive(Default)]
struct Shared {
    secrets: Mutex<HashMap<String, String>>,
    log: Mutex<Vec<String>>,
    /// Answers of these statuses come first.
    failures: Mutex<Vec<u16>>,
    tokens: Mutex<Vec<String>>,
}

/// A running peer; ends when it is dropped.
pub struct SecretPeer {
    /// The port on 127.0.0.1.
    pub port: u16,
    /// Its certificate and the authority behind it.
    pub identity: ServerIdentity,
    shared: Arc<Shared>,
    stopping: Arc<AtomicBool>,
    _dir: tempfile::TempDir,
}

impl SecretPeer {
    /// Starts one without secrets.
    pub fn start() -> Self {
        crate::init_tls();
        let dir = tempfile::tempdir().unwrap();
        let identity = server_identity(dir.path());
        let chain = CertificateDer::pem_file_iter(&identity.chain_file)
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let key = PrivateKeyDer::from_pem_file(&identity.key_file).unwrap();
        let tls = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let tls = Arc::new(tls);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (shared, stopping) = (Arc::new(Shared::default()), Arc::new(AtomicBool::new(false)));
        let (for_thread, stop) = (Arc::clone(&shared), Arc::clone(&stopping));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let (shared, tls) = (Arc::clone(&for_thread), Arc::clone(&tls));
                // A client that goes away ends its own thread only.
                std::thread::spawn(move || stream.map(|stream| serve(&shared, tls, stream)));
            }
        });
        Self {
            port,
            identity,
            shared,
            stopping,
            _dir: dir,
        }
    }

    /// Sets a secret: `NAME` of the key vault, or `PATH#KEY` of the other.
    pub fn set(&self, name: &str, value: &str) {
        self.shared
            .secrets
            .lock()
            .unwrap()
            .insert(name.to_owned(), value.to_owned());
    }

    /// Lets the next answers be failures of these statuses.
    pub fn fail(&self, statuses: &[u16]) {
        *self.shared.failures.lock().unwrap() = statuses.to_vec();
    }

    /// The requests so far: method and path.
    pub fn log(&self) -> Vec<String> {
        self.shared.log.lock().unwrap().clone()
    }

    /// `https://localhost:PORT`.
    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }
}

impl Drop for SecretPeer {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn serve(shared: &Shared, tls: Arc<ServerConfig>, stream: TcpStream) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let Ok(connection) = ServerConnection::new(tls) else {
        return;
    };
    let mut stream = StreamOwned::new(connection, stream);
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    let (head, body) = loop {
        let Ok(read @ 1..) = stream.read(&mut buffer) else {
            return;
        };
        text.extend_from_slice(&buffer[..read]);
        let Some(end) = text.windows(4).position(|part| part == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&text[..end]).into_owned();
        let length: usize = header(&head, "content-length")
            .and_then(|length| length.parse().ok())
            .unwrap_or(0);
        if text.len() >= end + 4 + length {
            break (
                head,
                String::from_utf8_lossy(&text[end + 4..end + 4 + length]).into_owned(),
            );
        }
    };
    let (status, answer) = respond(shared, &head, &body);
    let answer = answer.to_string();
    let more = if status == 302 {
        "Location: https://169.254.169.254/\r\n"
    } else {
        ""
    };
    let _ = write!(
        stream,
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{more}Connection: close\r\n\r\n{answer}",
        answer.len()
    );
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
    lines
        .into_iter()
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

fn respond(shared: &Shared, head: &str, body: &str) -> (u16, Value) {
    let mut first = head.split(' ');
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    shared.log.lock().unwrap().push(format!("{method} {target}"));
    let failure = {
        let mut failures = shared.failures.lock().unwrap();
        (!failures.is_empty()).then(|| failures.remove(0))
    };
    if let Some(status) = failure {
        return (status, json!({ "error": { "message": "injected" } }));
    }
    let fresh = || {
        let mut tokens = shared.tokens.lock().unwrap();
        let token = format!("canary-token-{}", tokens.len());
        tokens.push(token.clone());
        token
    };
    let known = |token: Option<&str>| {
        token.is_some_and(|token| shared.tokens.lock().unwrap().iter().any(|known| known == token))
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let secret = |name: &str| shared.secrets.lock().unwrap().get(name).cloned();
    match (method, parts.as_slice()) {
        ("POST", ["tenant-1", "oauth2", "v2.0", "token"]) => {
            let right = body.contains("client_id=app-1")
                && body.contains(&format!("client_secret={CLIENT_SECRET}"))
                && body.contains("scope=https%3A%2F%2Flocalhost%2F.default");
            match right {
                true => (200, json!({ "token_type": "Bearer", "access_token": fresh() })),
                false => (
                    401,
                    json!({ "error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret" }),
                ),
            }
        }
        ("GET", ["secrets", rest @ ..]) if query.contains("api-version=") => {
            if !known(header(head, "authorization").and_then(|text| text.strip_prefix("Bearer "))) {
                return (401, json!({ "error": { "message": "no token" } }));
            }
            match secret(&rest.join("/")) {
                Some(value) => (200, json!({ "value": value, "id": "x" })),
                None => (
                    404,
                    json!({ "error": { "code": "SecretNotFound", "message": "A secret was not found" } }),
                ),
            }
        }
        ("POST", ["v1", "auth", "approle", "login"]) => {
            let body: Value = serde_json::from_str(body).unwrap_or_default();
            match body["role_id"] == "role-1" && body["secret_id"] == SECRET_ID {
                true => (200, json!({ "auth": { "client_token": fresh() } })),
                false => (400, json!({ "errors": ["invalid role or secret ID"] })),
            }
        }
        ("GET", ["v1", "secret", "data", rest @ ..]) => {
            if !known(header(head, "x-vault-token")) {
                return (403, json!({ "errors": ["permission denied"] }));
            }
            let path = rest.join("/");
            let secrets = shared.secrets.lock().unwrap();
            let prefix = format!("{path}#");
            let found = secrets
                .iter()
                .filter_map(|(name, value)| Some((name.strip_prefix(&prefix)?.to_owned(), json!(value))));
            let data: serde_json::Map<String, Value> = found.collect();
            match data.is_empty() {
                false => (200, json!({ "data": { "data": data, "metadata": { "version": 1 } } })),
                true => (404, json!({ "errors": [] })),
            }
        }
        _ => (404, json!({ "error": { "message": "no such path" } })),
    }
}
