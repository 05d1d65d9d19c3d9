use crate::{client as client_of, fault_in};
use async_trait::async_trait;
use sluice_contract::{Code, Fault};
use sluice_net::{Judge, Lookup, Network, ProxyState};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const GOOD: [u8; 4] = [127, 0, 0, 1];
const BAD: [u8; 4] = [127, 0, 0, 2];

/// A name server in hostile hands: its first answer is the good address, every later one the bad.
#[derive(Debug, Default)]
struct Rebinding(AtomicUsize);

#[async_trait]
impl Lookup for Rebinding {
    async fn addresses(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let first = self.0.fetch_add(1, Ordering::SeqCst) == 0;
        Ok(vec![if first { GOOD } else { BAD }.into()])
    }
}

/// What a judge was asked: host, port, addresses.
type Question = (String, Option<u16>, Option<Vec<IpAddr>>);

/// Refuses the bad address, and remembers what it was asked.
#[derive(Debug, Default)]
struct Refusing(Mutex<Vec<Question>>);

impl Judge for Refusing {
    fn judge(&self, host: &str, port: Option<u16>, addresses: Option<&[IpAddr]>) -> Result<(), Fault> {
        let question = (host.to_owned(), port, addresses.map(<[_]>::to_vec));
        self.0.lock().unwrap().push(question);
        match addresses
            .into_iter()
            .flatten()
            .any(|address| *address == IpAddr::from(BAD))
        {
            true => Err(Fault::new(Code::PolicyRefused, format!("{host} is refused"))),
            false => Ok(()),
        }
    }
}

fn network() -> (Network, Arc<Refusing>) {
    let judge = Arc::new(Refusing::default());
    let network = Network::new(judge.clone(), Arc::new(Rebinding::default()), ProxyState::default());
    (network, judge)
}

/// Answers every request with these words, and says how many there were.
async fn server(address: [u8; 4], port: u16, answer: String) -> (u16, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    let listener = TcpListener::bind(SocketAddr::from((address, port))).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut bytes = [0; 4096];
                let _ = stream.read(&mut bytes).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    (port, count)
}

const FINE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

#[tokio::test]
async fn a_client_connects_to_what_was_judged_and_a_second_answer_is_judged_anew() {
    init();
    let (port, good) = server(GOOD, 0, FINE.to_owned()).await;
    let (_, bad) = server(BAD, port, FINE.to_owned()).await;
    let (network, judge) = network();
    let (builder, guard) = client_of(&network);
    let client = builder.build().unwrap();
    let url: url::Url = format!("http://rebound.test:{port}/").parse().unwrap();
    guard.permit(&url).await.unwrap();
    assert_eq!(
        client.get(url.clone()).send().await.unwrap().text().await.unwrap(),
        "ok"
    );
    let asked = judge.0.lock().unwrap().clone();
    assert_eq!(
        asked,
        [("rebound.test".to_owned(), Some(port), Some(vec![GOOD.into()]))]
    );
    guard.permit(&url).await.unwrap();
    let error = client.get(url).send().await.unwrap_err();
    assert_eq!(fault_in(&error).unwrap().code, Code::PolicyRefused, "{error:?}");
    let count = |counter: &std::sync::atomic::AtomicUsize| counter.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!((count(&good), count(&bad)), (1, 0));
}

#[tokio::test]
async fn a_redirect_leads_only_where_the_judge_lets_it() {
    init();
    let (secret, reached) = server(BAD, 0, FINE.to_owned()).await;
    for to in [
        format!("http://127.0.0.2:{secret}/"),
        format!("http://elsewhere.test:{secret}/"),
    ] {
        let answer = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let (port, _) = server(GOOD, 0, answer).await;
        // A fresh one: the first name that it is asked for is good, the second bad.
        let (network, _) = network();
        let (builder, guard) = client_of(&network);
        let url: url::Url = format!("http://first.test:{port}/").parse().unwrap();
        guard.permit(&url).await.unwrap();
        let error = builder.build().unwrap().get(url).send().await.unwrap_err();
        assert_eq!(fault_in(&error).unwrap().code, Code::PolicyRefused, "{to}: {error:?}");
    }
    assert_eq!(reached.load(std::sync::atomic::Ordering::SeqCst), 0);
}

#[tokio::test]
async fn who_does_not_ask_connects_to_nothing() {
    init();
    let (port, reached) = server(GOOD, 0, FINE.to_owned()).await;
    let (network, _) = network();
    let client = client_of(&network).0.build().unwrap();
    let url = format!("http://forgotten.test:{port}/");
    assert!(fault_in(&client.get(url).send().await.unwrap_err()).is_some());
    assert_eq!(reached.load(std::sync::atomic::Ordering::SeqCst), 0);
}

/// The client has no provider of TLS of its own.
fn init() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
