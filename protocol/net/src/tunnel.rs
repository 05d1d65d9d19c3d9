//! `CONNECT`: a connection through an HTTP proxy.

use crate::proxy::Proxy;
use sluice_contract::{Code, Fault};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use zeroize::Zeroizing;

/// The longest that the proxy may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// An answer's head has an end.
const MAX_HEAD: usize = 16 * 1024;

/// Has the proxy connect to a machine; what is written to the stream then goes there.
///
/// # Errors
/// `SL5031` when the proxy wants another login, `SL5032` when it cannot be reached or does not connect.
pub(crate) async fn open(proxy: &Proxy, host: &str, port: u16) -> Result<TcpStream, Fault> {
    let about = format!("the proxy {}", proxy.place());
    match timeout(PATIENCE, ask(proxy, host, port)).await {
        Ok(opened) => opened.map_err(|fault| fault.context(about)),
        Err(_) => Err(failed(format!("{about}: no answer within {} s", PATIENCE.as_secs()))),
    }
}

async fn ask(proxy: &Proxy, host: &str, port: u16) -> Result<TcpStream, Fault> {
    let broken = |error: std::io::Error| failed(error.to_string());
    // The name of the proxy is an administrator's word: nobody is asked about it.
    let mut stream = TcpStream::connect((proxy.host(), proxy.port())).await.map_err(broken)?;
    stream.set_nodelay(true).map_err(broken)?;
    let host = host.trim_matches(['[', ']']);
    let to = match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    };
    if to.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err(failed("the host is none".to_owned()).retryable(false));
    }
    let mut request = Zeroizing::new(format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n"));
    if let Some(authorization) = proxy.authorization() {
        request.push_str("Proxy-Authorization: ");
        request.push_str(&authorization);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    // Byte by byte: what follows the head belongs to the tunnel.
    let mut head = Vec::with_capacity(256);
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == MAX_HEAD {
            return Err(failed("its answer is too long".to_owned()));
        }
        head.push(stream.read_u8().await.map_err(broken)?);
    }
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let line: String = String::from_utf8_lossy(line)
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect();
    let status = line
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split(' ').nth(1))
        .and_then(|status| status.parse::<u16>().ok());
    match status {
        Some(200..=299) => Ok(stream),
        Some(407) => Err(Fault::new(Code::ProxyLogin, format!("it answered {line:?}"))),
        Some(_) => Err(failed(format!("it does not connect to {to}: {line:?}"))),
        None => Err(failed("it does not speak HTTP".to_owned())),
    }
}

fn failed(text: String) -> Fault {
    Fault::new(Code::ProxyFailed, text)
}
