//! HTTP in front of an object store: requests that a rule names are answered with an error, or not at all, before or behind
//! the store's own doing. Everything else passes byte by byte, so that signatures hold.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The largest head of a request.
const HEAD: usize = 64 * 1024;

/// Which requests a rule is about.
#[derive(Clone, Debug)]
pub struct Which {
    method: Option<&'static str>,
    part: &'static str,
}

impl Which {
    /// All of them.
    pub fn any() -> Self {
        Self { method: None, part: "" }
    }

    /// Those of a method whose path and query hold this text.
    pub fn of(method: &'static str, part: &'static str) -> Self {
        Self {
            method: Some(method),
            part,
        }
    }

    fn holds(&self, line: &str) -> bool {
        let method = line.split(' ').next().unwrap_or_default();
        let target = line.split(' ').nth(1).unwrap_or_default();
        self.method.is_none_or(|wanted| wanted == method) && target.contains(self.part)
    }
}

/// What happens to such a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The store does not see it; the client is answered with this status.
    Status(u16),
    /// The store does not see it; the client is never answered.
    Silence,
    /// The store does what it is asked to, but the client is answered with this status.
    DoneBut(u16),
    /// The store does what it is asked to, and the client sees the connection close instead of an answer.
    DoneAndCut,
}

#[derive(Debug)]
struct Rule {
    which: Which,
    answer: Answer,
    /// So many more times.
    times: usize,
    /// Requests that pass before the first that it strikes.
    after: usize,
}

#[derive(Debug, Default)]
struct Desk {
    rules: Mutex<Vec<Rule>>,
    seen: Mutex<Vec<String>>,
    struck: Mutex<Vec<String>>,
}

impl Desk {
    fn judge(&self, line: &str) -> Option<Answer> {
        self.seen.lock().unwrap().push(line.to_owned());
        let mut rules = self.rules.lock().unwrap();
        for rule in rules.iter_mut().filter(|rule| rule.times > 0 && rule.which.holds(line)) {
            if rule.after > 0 {
                rule.after -= 1;
                continue;
            }
            rule.times -= 1;
            self.struck.lock().unwrap().push(line.to_owned());
            return Some(rule.answer);
        }
        None
    }
}

/// A proxy on a free port of the loopback interface, as long as it is not dropped.
#[derive(Debug)]
pub struct HttpProxy {
    /// Its port on 127.0.0.1.
    pub port: u16,
    desk: Arc<Desk>,
    accepting: JoinHandle<()>,
}

impl HttpProxy {
    /// In front of a server on a port of 127.0.0.1 that speaks HTTP/1.1 without TLS.
    pub async fn to(server: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let desk = Arc::new(Desk::default());
        let shared = desk.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, server, shared.clone()));
            }
        });
        Self { port, desk, accepting }
    }

    /// The next `times` requests of this kind are answered so, once `after` of them have passed.
    pub fn fail(&self, which: Which, answer: Answer, after: usize, times: usize) {
        self.desk.rules.lock().unwrap().push(Rule {
            which,
            answer,
            times,
            after,
        });
    }

    /// Everything passes again.
    pub fn heal(&self) {
        self.desk.rules.lock().unwrap().clear();
    }

    /// The requests so far, `METHOD /path?query`.
    pub fn seen(&self) -> Vec<String> {
        self.desk.seen.lock().unwrap().clone()
    }

    /// Those that a rule struck.
    pub fn struck(&self) -> Vec<String> {
        self.desk.struck.lock().unwrap().clone()
    }
}

impl Drop for HttpProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A client's connection: requests come one after another, and each is answered before the next.
async fn serve(client: TcpStream, server: u16, desk: Arc<Desk>) {
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (mut client_reads, client_writes) = client.into_split();
    let (server_reads, mut server_writes) = server.into_split();
    // Answers pass as they come; whoever wants to answer instead gets the client's end back.
    let (stop, stopped) = oneshot::channel::<bool>();
    let mut back = Some((stop, tokio::spawn(answers(server_reads, client_writes, stopped))));
    let mut held = Vec::new();
    loop {
        let Some(end) = head(&mut client_reads, &mut held).await else {
            return;
        };
        let text = String::from_utf8_lossy(&held[..end]).into_owned();
        let line = text.split("\r\n").next().unwrap_or_default();
        let line = line.trim_end_matches(" HTTP/1.1").to_owned();
        let verdict = desk.judge(&line);
        if verdict == Some(Answer::Silence) {
            // Read to its end, and never answered.
            let mut rest = vec![0; 16 * 1024];
            while matches!(client_reads.read(&mut rest).await, Ok(1..)) {}
            return;
        }
        let passes = matches!(verdict, None | Some(Answer::DoneBut(_) | Answer::DoneAndCut));
        let mut taken = None;
        if verdict.is_some() {
            let Some((stop, answering)) = back.take() else { return };
            // Those of earlier requests have been read by the client: it would not ask again otherwise.
            let _ = stop.send(passes);
            taken = Some(answering);
        }
        let mut out = passes.then_some(&mut server_writes);
        if body(&mut client_reads, &mut held, end, &text, &mut out).await.is_none() {
            return;
        }
        let Some(answering) = taken else { continue };
        // The store's own answer, if it was asked, has come when this ends.
        let Ok(Some(mut client)) = answering.await else {
            return;
        };
        let status = match verdict {
            Some(Answer::Status(status) | Answer::DoneBut(status)) => status,
            _ => return,
        };
        let answer = format!("HTTP/1.1 {status} Struck by the tests\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let _ = client.write_all(answer.as_bytes()).await;
        let _ = client.shutdown().await;
        return;
    }
}

/// Passes answers on until it is told to stop; then gives the client's end back, after the answer to the request that was
/// passed on has begun to come, if one was.
async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut stopped: oneshot::Receiver<bool>,
) -> Option<OwnedWriteHalf> {
    let mut buffer = vec![0; 16 * 1024];
    let asked = loop {
        tokio::select! {
            biased;
            stop = &mut stopped => break stop.ok()?,
            read = from.read(&mut buffer) => {
                let Ok(bytes @ 1..) = read else { return None };
                to.write_all(&buffer[..bytes]).await.ok()?;
            }
        }
    };
    if asked {
        from.read(&mut buffer).await.ok().filter(|bytes| *bytes > 0)?;
    }
    Some(to)
}

/// Reads until the head of a request is there, and says where it ends.
async fn head(from: &mut OwnedReadHalf, held: &mut Vec<u8>) -> Option<usize> {
    loop {
        if let Some(at) = held.windows(4).position(|part| part == b"\r\n\r\n") {
            return Some(at + 4);
        }
        if held.len() > HEAD {
            return None;
        }
        more(from, held).await?;
    }
}

async fn more(from: &mut OwnedReadHalf, held: &mut Vec<u8>) -> Option<()> {
    from.read_buf(held).await.ok().filter(|bytes| *bytes > 0).map(drop)
}

/// Passes the head and the body of a request on, or drops them. What is held afterwards belongs to the next one.
async fn body(
    from: &mut OwnedReadHalf,
    held: &mut Vec<u8>,
    head: usize,
    text: &str,
    to: &mut Option<&mut OwnedWriteHalf>,
) -> Option<()> {
    let header = |wanted: &str| {
        text.split("\r\n").skip(1).find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
        })
    };
    if header("transfer-encoding").is_some() {
        // Chunks: up to the empty one.
        let mut searched = head;
        loop {
            if let Some(at) = held[searched..].windows(5).position(|part| part == b"0\r\n\r\n") {
                return pass(held, searched + at + 5, to).await;
            }
            searched = held.len().saturating_sub(4).max(head);
            more(from, held).await?;
        }
    }
    let mut left: usize = header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    if header("expect").is_some_and(|text| text.eq_ignore_ascii_case("100-continue")) && to.is_none() {
        left = 0;
    }
    pass(held, head, to).await?;
    while left > 0 {
        if held.is_empty() {
            more(from, held).await?;
        }
        let bytes = held.len().min(left);
        pass(held, bytes, to).await?;
        left -= bytes;
    }
    Some(())
}

async fn pass(held: &mut Vec<u8>, bytes: usize, to: &mut Option<&mut OwnedWriteHalf>) -> Option<()> {
    if let Some(to) = to {
        to.write_all(&held[..bytes]).await.ok()?;
    }
    held.drain(..bytes);
    Some(())
}
