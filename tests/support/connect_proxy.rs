//! An HTTP proxy as companies have one: it connects where it is asked to, for those who log in, and notes what it was asked.

use base64::prelude::{BASE64_STANDARD, Engine};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The largest head of a request.
const HEAD: usize = 64 * 1024;

/// A running proxy; ends when it is dropped.
#[derive(Debug)]
pub struct ConnectProxy {
    /// Its port on 127.0.0.1.
    pub port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    refused: Arc<Mutex<usize>>,
    serving: JoinHandle<()>,
}

impl ConnectProxy {
    /// Starts one for a user and a password (Basic authentication).
    pub async fn start(user: &str, password: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let login = format!("basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")));
        let (asked, refused) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
        let (log, turned_away) = (Arc::clone(&asked), Arc::clone(&refused));
        let serving = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (login, log, turned_away) = (login.clone(), Arc::clone(&log), Arc::clone(&turned_away));
                tokio::spawn(async move {
                    // A client that goes away is none of the proxy's business.
                    let _ = serve(client, &login, &log, &turned_away).await;
                });
            }
        });
        Self {
            port,
            asked,
            refused,
            serving,
        }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The requests of those who had logged in: `CONNECT host:port`, `GET http://host/..`.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Whether somebody was connected to this port.
    pub fn led_to(&self, port: u16) -> bool {
        let end = format!(":{port}");
        self.asked()
            .iter()
            .any(|line| line.starts_with("CONNECT ") && line.ends_with(&end))
    }

    /// How many were turned away because of their login.
    pub fn refused(&self) -> usize {
        *self.refused.lock().unwrap()
    }
}

impl Drop for ConnectProxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(
    mut client: TcpStream,
    login: &str,
    log: &Mutex<Vec<String>>,
    turned_away: &Mutex<usize>,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < HEAD {
        head.push(client.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.split("\r\n");
    let (line, headers): (&str, Vec<&str>) = (lines.next().unwrap_or_default(), lines.collect());
    let known = headers.iter().any(|header| {
        let (name, value) = header.split_once(':').unwrap_or_default();
        // The scheme is written as anybody likes, the rest is not.
        let (scheme, rest) = value.trim().split_once(' ').unwrap_or_default();
        name.eq_ignore_ascii_case("proxy-authorization") && format!("{} {rest}", scheme.to_ascii_lowercase()) == login
    });
    if !known {
        *turned_away.lock().unwrap() += 1;
        let answer = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        return client.write_all(answer.as_bytes()).await;
    }
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    log.lock().unwrap().push(format!("{method} {target}"));
    if method == "CONNECT" {
        let Ok(mut server) = TcpStream::connect(target).await else {
            return client
                .write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                .await;
        };
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
        copy_bidirectional(&mut client, &mut server).await?;
        return Ok(());
    }
    // One request of HTTP without TLS, and the connection ends.
    let rest = target.strip_prefix("http://").unwrap_or_default();
    let (place, path) = rest.split_once('/').unwrap_or((rest, ""));
    let place = if place.contains(':') {
        place.to_owned()
    } else {
        format!("{place}:80")
    };
    let mut server = TcpStream::connect(place).await?;
    let kept = headers.iter().filter(|header| {
        let name = header.split(':').next().unwrap_or_default().to_ascii_lowercase();
        !name.is_empty() && !name.starts_with("proxy-") && name != "connection"
    });
    let kept: String = kept.map(|header| format!("{header}\r\n")).collect();
    let request = format!("{method} /{path} HTTP/1.1\r\n{kept}Connection: close\r\n\r\n");
    server.write_all(request.as_bytes()).await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
