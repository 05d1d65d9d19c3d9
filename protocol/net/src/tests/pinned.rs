use super::{BAD, GOOD, network};
use crate::ProxyState;
use sluice_contract::Code;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use tokio::net::TcpListener;

#[tokio::test]
async fn a_connection_goes_to_the_addresses_that_were_judged() {
    let good = TcpListener::bind(SocketAddr::from((GOOD, 0))).await.unwrap();
    let port = good.local_addr().unwrap().port();
    let (network, judge, lookup) = network(GOOD, ProxyState::default());
    let stream = network.connect("rebound.test", port).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), SocketAddr::from((GOOD, port)));
    // Looked up once: what it would answer the next time is of no interest.
    assert_eq!(lookup.asked.load(Ordering::SeqCst), 1);
    let asked = judge.asked.lock().unwrap().clone();
    assert_eq!(
        asked,
        [("rebound.test".to_owned(), Some(port), Some(vec![GOOD.into()]))]
    );
    // And the next time it is judged again.
    let fault = network.connect("rebound.test", port).await.unwrap_err();
    assert_eq!(fault.code, Code::PolicyRefused, "{fault}");
}

#[tokio::test]
async fn addresses_are_judged_however_they_are_written() {
    let (network, ..) = network(GOOD, ProxyState::default());
    for host in ["127.0.0.2", "[127.0.0.2]", "anything.test", "refused.test"] {
        let first = network.addresses(host, 1).await;
        // The good answer is spent by the first name.
        if host == "anything.test" {
            assert_eq!(first.unwrap(), [SocketAddr::from((GOOD, 1))]);
            continue;
        }
        assert_eq!(first.unwrap_err().code, Code::PolicyRefused, "{host}");
    }
    assert_eq!(
        network.permit("x", 1, &[BAD.into()]).await.unwrap_err().code,
        Code::PolicyRefused
    );
    network.permit("x", 1, &[GOOD.into()]).await.unwrap();
}
