//! Who is admitted to the embedded endpoint, and what becomes of those who are not.
#![allow(clippy::unwrap_used)]

mod support;

use rustls::pki_types::ServerName;
use sluice_channel::{Address, AmqpChannel, AmqpOptions, ControlChannel, Limits, Link, Peer, Presence};
use sluice_contract::{Code, Fault};
use std::time::Duration;
use support::pki::Ca;
use support::{DEADLINE, House, peer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

async fn refused(channel: AmqpChannel) -> Fault {
    match timeout(DEADLINE * 2, channel.connect()).await.unwrap() {
        Ok(_) => panic!("the connection was accepted"),
        Err(fault) => fault,
    }
}

async fn connected(house: &House, peer: &Peer) -> Box<dyn Link> {
    house.direct(peer).connect().await.unwrap()
}

fn jobs(peer: &Peer) -> Address {
    Address::Jobs {
        gateway: peer.gateway.clone(),
    }
}

#[tokio::test]
async fn no_certificate_is_refused() {
    let house = House::new().await;
    let options = AmqpOptions {
        tls: house.ca.client(None),
        ..house.options(&peer("g1", "n1"))
    };
    // Often, as the alert must not be lost to a reset of the connection.
    for _ in 0..30 {
        let fault = refused(AmqpChannel::new(options.clone())).await;
        assert_eq!(fault.code, Code::ChannelRefused, "{fault}");
    }
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused() {
    let house = House::new().await;
    let stranger = Ca::new("test").node("n1");
    let me = peer("g1", "n1");
    house.door.known.insert(stranger.certificate.to_vec(), me.clone());
    let options = AmqpOptions {
        tls: house.ca.client(Some(&stranger)),
        ..house.options(&me)
    };
    let fault = refused(AmqpChannel::new(options)).await;
    assert_eq!(fault.code, Code::ChannelRefused, "{fault}");
}

#[tokio::test]
async fn a_removed_node_is_told_why() {
    let house = House::new().await;
    let options = house.options(&peer("g1", "n1"));
    house.door.known.clear();
    for _ in 0..20 {
        let fault = refused(AmqpChannel::new(options.clone())).await;
        assert_eq!(fault.code, Code::ChannelRefused, "{fault}");
        assert!(
            fault.message.contains("this node was removed from its gateway"),
            "{fault}"
        );
    }
    assert!(house.embedded.connected().is_empty());
}

#[tokio::test]
async fn a_node_that_is_thrown_out_and_does_not_answer_is_cut() {
    // An endpoint that otherwise waits for an hour.
    let hour = Duration::from_secs(3600);
    let house = House::patient(hour, Limits::default(), hour).await;
    let me = peer("g1", "n1");
    let proxy = support::proxy::Proxy::start(house.embedded.local_addr());
    let options = AmqpOptions {
        endpoint: proxy.address.to_string(),
        ..house.options(&me)
    };
    let mut presence = house.embedded.presence();
    let link = AmqpChannel::new(options).connect().await.unwrap();
    assert_eq!(presence.recv().await.unwrap(), Presence::Connected(me.clone()));
    // Whatever the endpoint says from now on, it hears no answer.
    proxy.freeze();
    assert!(house.embedded.disconnect(&me.node, "it was removed"));
    let gone = timeout(Duration::from_secs(60), presence.recv())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(gone, Presence::Disconnected(me, "it was removed".to_owned()));
    assert!(house.embedded.connected().is_empty());
    drop(link);
}

#[tokio::test]
async fn a_server_that_is_not_the_factory_is_not_trusted() {
    let house = House::new().await;
    let identity = house.ca.node("n1");
    let options = AmqpOptions {
        tls: Ca::new("other").client(Some(&identity)),
        ..house.options(&peer("g1", "n1"))
    };
    assert_eq!(refused(AmqpChannel::new(options)).await.code, Code::ChannelUnreachable);
}

#[tokio::test]
async fn nobody_there_and_nonsense_addresses_are_unreachable() {
    let house = House::new().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for endpoint in [
        closed.to_string(),
        "127.0.0.1".to_owned(),
        ":5671".to_owned(),
        "nowhere.invalid:5671".to_owned(),
    ] {
        let options = AmqpOptions {
            endpoint,
            ..house.options(&peer("g1", "n1"))
        };
        let fault = refused(AmqpChannel::new(options)).await;
        assert_eq!(fault.code, Code::ChannelUnreachable, "{fault}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_at_the_deadline() {
    let house = House::new().await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = AmqpOptions {
        endpoint: silent.local_addr().unwrap().to_string(),
        deadline: Duration::from_millis(300),
        ..house.options(&peer("g1", "n1"))
    };
    assert_eq!(refused(AmqpChannel::new(options)).await.code, Code::ChannelUnreachable);
}

#[tokio::test]
async fn connections_over_the_limit_are_turned_away() {
    let limits = Limits {
        connections: 1,
        ..Limits::default()
    };
    let house = House::with(Duration::from_secs(30), limits).await;
    let first = connected(&house, &peer("g1", "n1")).await;
    assert_eq!(
        refused(house.direct(&peer("g1", "n2"))).await.code,
        Code::ChannelUnreachable
    );
    first.close(DEADLINE).await;
    let channel = house.direct(&peer("g1", "n2"));
    let start = std::time::Instant::now();
    while channel.connect().await.is_err() {
        assert!(start.elapsed() < Duration::from_secs(20), "the place was not given up");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What an endpoint says to bytes behind TLS.
async fn talk(house: &House, peer: &Peer, bytes: &[u8]) -> Vec<u8> {
    let tcp = TcpStream::connect(house.embedded.local_addr()).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut tls = TlsConnector::from(house.options(peer).tls)
        .connect(name, tcp)
        .await
        .unwrap();
    tls.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // A connection cut without a TLS goodbye is an error that does not matter here.
    let _ = timeout(DEADLINE * 2, tls.read_to_end(&mut answer)).await.unwrap();
    answer
}

#[tokio::test]
async fn nobody_may_act_for_another() {
    let house = House::new().await;
    for (authzid, code) in [("n2", 1_u8), ("n1", 0)] {
        let mut bytes = b"AMQP\x03\x01\x00\x00".to_vec();
        let mut body = vec![0x00, 0x53, 0x41, 0xc0, 16, 2, 0xa3, 8];
        body.extend(b"EXTERNAL");
        body.extend([0xa0, 2]);
        body.extend(authzid.as_bytes());
        body[4] = u8::try_from(body.len() - 5).unwrap();
        bytes.extend(u32::try_from(8 + body.len()).unwrap().to_be_bytes());
        bytes.extend([2, 1, 0, 0]);
        bytes.extend(body);
        // Nothing that could follow is of the protocol, so the endpoint ends the connection in either case.
        bytes.extend(b"nonsense");
        let answer = talk(&house, &peer("g1", "n1"), &bytes).await;
        let outcome = answer
            .windows(3)
            .position(|w| w == [0x00, 0x53, 0x44])
            .expect("a SASL outcome");
        let tail = &answer[outcome..];
        let told = tail.windows(2).any(|w| w == [0x50, code]);
        assert!(told, "{authzid}: {tail:x?}");
    }
}

#[tokio::test]
async fn garbage_hurts_nobody_else() {
    let house = House::new().await;
    let me = peer("g1", "n1");
    let mut link = connected(&house, &me).await;
    let other = peer("g1", "n2");
    let garbage: [&[u8]; 5] = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"AMQP\x00\x00\x09\x01",
        b"AMQP\x03\x01\x00\x00\xff\xff\xff\xff\x02\x01\x00\x00",
        b"AMQP\x03\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
        b"AMQP\x03\x01\x00\x00\x00\x00\x00\x10\x02\x01\x00\x00\x00\x53\x41\xd0\xff\xff\xff\xff",
    ];
    for bytes in garbage {
        talk(&house, &other, bytes).await;
        let mut tcp = TcpStream::connect(house.embedded.local_addr()).await.unwrap();
        tcp.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let _ = timeout(DEADLINE * 2, tcp.read_to_end(&mut answer)).await.unwrap();
    }
    assert!(timeout(Duration::from_millis(100), link.closed()).await.is_err());
    link.consume(&jobs(&me), 1).await.unwrap();
    connected(&house, &other).await;
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_dropped_at_the_deadline() {
    let house = House::new().await;
    let mut tcp = TcpStream::connect(house.embedded.local_addr()).await.unwrap();
    let mut answer = Vec::new();
    let read = timeout(DEADLINE * 2, tcp.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "still open after twice the deadline");
    talk(&house, &peer("g1", "n1"), b"AMQP").await;
}
