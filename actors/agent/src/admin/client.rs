//! The client of the admin socket. It speaks the little HTTP that the agent's own server answers with, and nothing more.

use super::{ActorRow, Status};
use crate::state::StateDir;
use sluice_contract::enrol::Exported;
use sluice_contract::job::Endpoint;
use sluice_contract::message::ProbeStage;
use sluice_contract::{Code, Fault, JobId};
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(10);
/// A connection test takes up to a minute.
const PROBE_LIMIT: Duration = Duration::from_secs(90);
/// A status with thousands of jobs is smaller.
const MAX_ANSWER: u64 = 8 * 1024 * 1024;

/// Asks the agent that runs with this state directory how it is.
///
/// # Errors
/// `SL8005` when none answers.
pub async fn status(state_dir: impl AsRef<Path>) -> Result<Status, Fault> {
    let (path, body) = request(state_dir.as_ref(), "GET", "/status").await?;
    serde_json::from_slice(&body).map_err(|e| unreachable(&path, &format!("its answer is not understood: {e}")))
}

/// Tells the agent that the proxy's settings were changed. Connections that stand go on as they are.
///
/// # Errors
/// `SL8005` when no agent answers, `SL5020` when its vault is locked, `SL5033` for settings that cannot be used.
pub async fn reload_proxy(state_dir: impl AsRef<Path>) -> Result<(), Fault> {
    request(state_dir.as_ref(), "POST", "/proxy/reload").await.map(drop)
}

/// Tells the agent that keys have left the node in a file, so that its log has it.
///
/// # Errors
/// `SL8005` when none answers.
pub async fn exported(state_dir: impl AsRef<Path>, what: &Exported) -> Result<(), Fault> {
    let content = serde_json::to_vec(what).map_err(|e| Fault::new(Code::Internal, format!("JSON: {e}")))?;
    send(state_dir.as_ref(), "POST", "/exported", &content, LIMIT)
        .await
        .map(drop)
}

/// Tells the agent to take no new jobs.
///
/// # Errors
/// `SL8005` when none answers.
pub async fn drain(state_dir: impl AsRef<Path>) -> Result<(), Fault> {
    request(state_dir.as_ref(), "POST", "/drain").await.map(drop)
}

/// Tells the agent to take jobs again.
///
/// # Errors
/// `SL8005` when none answers.
pub async fn resume(state_dir: impl AsRef<Path>) -> Result<(), Fault> {
    request(state_dir.as_ref(), "POST", "/resume").await.map(drop)
}

/// Changes how many bytes the node, or one copy that runs on it, may read in a second; none is no limit.
///
/// # Errors
/// `SL8010` when no copy of this job runs there, `SL8006` when the limit cannot be remembered, `SL8005` when no agent answers.
pub async fn limit_bandwidth(state_dir: impl AsRef<Path>, job: Option<&JobId>, rate: Option<u64>) -> Result<(), Fault> {
    let rate = rate.map_or("off".to_owned(), |rate| rate.max(1).to_string());
    let path = match job {
        None => format!("/limits/bandwidth/{rate}"),
        Some(job) => format!("/jobs/{}/limits/bandwidth/{rate}", segment(job.as_str())),
    };
    request(state_dir.as_ref(), "POST", &path).await.map(drop)
}

/// The components of the agent and their figures, in the order they were started.
///
/// # Errors
/// `SL8005` when none answers.
pub async fn actors(state_dir: impl AsRef<Path>) -> Result<Vec<ActorRow>, Fault> {
    let (path, body) = request(state_dir.as_ref(), "GET", "/actors").await?;
    serde_json::from_slice(&body).map_err(|e| unreachable(&path, &format!("its answer is not understood: {e}")))
}

/// Restarts a component, also one that was given up. What it was doing is lost, what waits for it is not.
///
/// # Errors
/// `SL8009` when there is none of this id, `SL8005` when no agent answers.
pub async fn restart(state_dir: impl AsRef<Path>, id: &str) -> Result<(), Fault> {
    let path = format!("/actors/{}/restart", segment(id));
    request(state_dir.as_ref(), "POST", &path).await.map(drop)
}

/// Gives the passphrase of the credential keys to the agent.
///
/// # Errors
/// `SL5024` when it is wrong, `SL5007` when the keys cannot be read, `SL8005` when no agent answers.
pub async fn unlock(state_dir: impl AsRef<Path>, passphrase: &str) -> Result<(), Fault> {
    send(
        state_dir.as_ref(),
        "POST",
        "/vault/unlock",
        passphrase.as_bytes(),
        LIMIT,
    )
    .await
    .map(drop)
}

/// Tests the connection to a store from the agent, stage by stage.
///
/// # Errors
/// `SL8005` when no agent answers.
pub async fn test_connection(state_dir: impl AsRef<Path>, endpoint: &Endpoint) -> Result<Vec<ProbeStage>, Fault> {
    let content = serde_json::to_vec(endpoint).map_err(|e| Fault::new(Code::Internal, format!("JSON: {e}")))?;
    let (path, body) = send(state_dir.as_ref(), "POST", "/test-connection", &content, PROBE_LIMIT).await?;
    serde_json::from_slice(&body).map_err(|e| unreachable(&path, &format!("its answer is not understood: {e}")))
}

/// All figures of the agent, as the text that Prometheus reads.
///
/// # Errors
/// `SL8005` when none answers.
pub async fn metrics(state_dir: impl AsRef<Path>) -> Result<String, Fault> {
    let (path, body) = request(state_dir.as_ref(), "GET", "/metrics").await?;
    String::from_utf8(body).map_err(|_| unreachable(&path, "its answer is not text"))
}

/// A name as one segment of a path.
pub(super) fn segment(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text += &format!("%{byte:02X}");
        }
    }
    text
}

async fn request(state_dir: &Path, method: &str, path: &str) -> Result<(std::path::PathBuf, Vec<u8>), Fault> {
    send(state_dir, method, path, b"", LIMIT).await
}

async fn send(
    state_dir: &Path,
    method: &str,
    path: &str,
    content: &[u8],
    limit: Duration,
) -> Result<(std::path::PathBuf, Vec<u8>), Fault> {
    let socket = StateDir::at(state_dir).socket();
    let answer = timeout(limit, exchange(&socket, method, path, content))
        .await
        .map_err(|_| unreachable(&socket, "it did not answer in time"))?
        .map_err(|e| unreachable(&socket, &e.to_string()))?;
    let (status, body) = parse(&answer).ok_or_else(|| unreachable(&socket, "its answer is not understood"))?;
    if !(200..300).contains(&status) {
        // A refusal that has a code is the agent's own word.
        if let Ok(fault) = serde_json::from_slice::<Fault>(body) {
            return Err(fault);
        }
        return Err(unreachable(&socket, &format!("it answered with HTTP status {status}")));
    }
    Ok((socket, body.to_vec()))
}

/// HTTP/1.0: the answer is not chunked, and ends with the connection.
async fn exchange(socket: &Path, method: &str, path: &str, content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket).await?;
    let length = content.len();
    let head = format!("{method} {path} HTTP/1.0\r\nHost: agent\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(content).await?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut answer).await?;
    Ok(answer)
}

/// Status code and body; `None` for anything that is not a whole answer.
pub(super) fn parse(answer: &[u8]) -> Option<(u16, &[u8])> {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let body = &answer[end + 4..];
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.splitn(3, ' ');
    if !first.next()?.starts_with("HTTP/1.") {
        return None;
    }
    let status = first.next().filter(|code| code.len() == 3)?.parse().ok()?;
    for line in lines {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("transfer-encoding") {
            return None;
        }
        if name.eq_ignore_ascii_case("content-length") && value.trim().parse::<usize>().ok()? != body.len() {
            return None;
        }
    }
    Some((status, body))
}

fn unreachable(socket: &Path, why: &str) -> Fault {
    Fault::new(
        Code::AdminUnreachable,
        format!("no agent answers on {}: {why}", socket.display()),
    )
}
