//! What is special to the embedded endpoint: who is admitted, and what becomes of those who misbehave.

mod support;

use rustls::pki_types::ServerName;
use sluice_channel::{
    Address, AmqpChannel, AmqpOptions, ControlChannel, Limits, Link, Peer, Presence, SendError, Settle,
};
use sluice_contract::{Code, Envelope, Fault, Message};
use std::time::Duration;
use support::pki::Ca;
use support::{DEADLINE, House, eventually, peer};
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

fn note(gateway: &str) -> Envelope {
    let message = Message::Unknown {
        kind: "test.note".into(),
        data: serde_json::Value::Null,
    };
    Envelope::new(gateway.into(), &message)
}

async fn reason(link: &mut dyn Link) -> Fault {
    timeout(DEADLINE, link.closed()).await.unwrap()
}

#[tokio::test]
async fn no_certificate_is_refused() {
    let house = House::new().await;
    let options = AmqpOptions {
        tls: house.ca.client(None),
        ..house.options(&peer("g1", "n1"))
    };
    let fault = refused(AmqpChannel::new(options)).await;
    assert_eq!(fault.code, Code::ChannelRefused, "{fault}");
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
async fn a_disconnected_node_hears_the_reason_and_may_come_back() {
    let house = House::new().await;
    let (me, other) = (peer("g1", "n1"), peer("g1", "n2"));
    let mut presence = house.embedded.presence();
    let mut link = connected(&house, &me).await;
    let mut bystander = connected(&house, &other).await;
    let mut peers = house.embedded.connected();
    peers.sort_by(|a, b| a.node.cmp(&b.node));
    assert_eq!(peers, [me.clone(), other.clone()]);
    assert!(house.embedded.disconnect(&me.node, "the node was revoked"));
    let fault = reason(link.as_mut()).await;
    assert_eq!(fault.code, Code::ChannelLost);
    assert!(fault.message.contains("the node was revoked"), "{fault}");
    assert!(link.consume(&jobs(&me), 1).await.is_err());
    eventually("the node is gone", || !house.embedded.is_connected(&me.node)).await;
    assert!(!house.embedded.disconnect(&me.node, "again"));
    assert!(timeout(Duration::from_millis(200), bystander.closed()).await.is_err());
    assert_eq!(presence.recv().await.unwrap(), Presence::Connected(me.clone()));
    assert_eq!(presence.recv().await.unwrap(), Presence::Connected(other));
    assert_eq!(
        presence.recv().await.unwrap(),
        Presence::Disconnected(me.clone(), "the node was revoked".into())
    );
    connected(&house, &me).await.close(DEADLINE).await;
    assert_eq!(presence.recv().await.unwrap(), Presence::Connected(me.clone()));
    assert!(matches!(presence.recv().await.unwrap(), Presence::Disconnected(peer, _) if peer == me));
}

#[tokio::test]
async fn a_newer_connection_of_a_node_replaces_the_older() {
    let house = House::new().await;
    let me = peer("g1", "n1");
    let mut old = connected(&house, &me).await;
    let mut old_inbox = old.consume(&jobs(&me), 1).await.unwrap();
    let mut factory = house.embedded.channel().connect().await.unwrap();
    let outbox = factory.publisher(&jobs(&me)).await.unwrap();
    let envelope = note("g1");
    let (result, ()) = tokio::join!(outbox.send(&envelope, DEADLINE), async {
        old_inbox.next().await.unwrap();
        let mut new = connected(&house, &me).await;
        assert!(reason(old.as_mut()).await.message.contains("newer connection"));
        let mut inbox = new.consume(&jobs(&me), 1).await.unwrap();
        let again = inbox.next().await.unwrap();
        assert!(again.redelivered);
        inbox.settle(again, Settle::Accept).await.unwrap();
        assert_eq!(house.embedded.connected(), [me.clone()]);
        assert!(timeout(Duration::from_millis(200), new.closed()).await.is_err());
    });
    result.unwrap();
}

#[tokio::test]
async fn a_shutdown_ends_every_link_in_good_order() {
    let house = House::new().await;
    let me = peer("g1", "n1");
    let mut link = connected(&house, &me).await;
    let mut factory = house.embedded.channel().connect().await.unwrap();
    let mut inbox = factory.consume(&Address::Events { gateway: None }, 1).await.unwrap();
    let outbox = factory.publisher(&jobs(&me)).await.unwrap();
    let envelope = note("g1");
    let (sent, received, ()) = tokio::join!(
        outbox.send(&envelope, DEADLINE),
        inbox.next(),
        timeout(DEADLINE, house.embedded.shutdown()).map_ok()
    );
    assert!(matches!(sent, Err(SendError::Unroutable(_))), "{sent:?}");
    assert_eq!(received.unwrap_err().code, Code::ChannelLost);
    assert_eq!(factory.closed().await.code, Code::ChannelLost);
    assert!(reason(link.as_mut()).await.message.contains("shutting down"));
    assert!(house.embedded.connected().is_empty());
    assert!(house.embedded.channel().connect().await.is_err());
    assert_eq!(refused(house.direct(&me)).await.code, Code::ChannelUnreachable);
}

trait MapOk: Sized {
    async fn map_ok(self);
}

impl<F: Future<Output = Result<(), tokio::time::error::Elapsed>>> MapOk for F {
    async fn map_ok(self) {
        self.await.unwrap();
    }
}

#[tokio::test]
async fn an_event_in_the_name_of_another_is_refused() {
    let house = House::new().await;
    let me = peer("g1", "n1");
    let mut link = connected(&house, &me).await;
    let outbox = link
        .publisher(&Address::Events {
            gateway: Some("g1".into()),
        })
        .await
        .unwrap();
    for envelope in [note("g2"), note("g1").node("n2".into())] {
        let result = outbox.send(&envelope, DEADLINE).await;
        assert!(
            matches!(&result, Err(SendError::Rejected(fault)) if fault.code == Code::ChannelRefused),
            "{result:?}"
        );
    }
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

#[tokio::test]
async fn a_full_queue_and_full_memory_push_back() {
    let limits = Limits {
        queue: 1,
        events_bytes: 2 * 1024,
        ..Limits::default()
    };
    let house = House::with(Duration::from_secs(30), limits).await;
    let me = peer("g1", "n1");
    let mut factory = house.embedded.channel().connect().await.unwrap();
    let outbox = factory.publisher(&jobs(&me)).await.unwrap();
    let envelope = note("g1");
    let wait = Duration::from_millis(200);
    let (first, second) = tokio::join!(outbox.send(&envelope, wait), outbox.send(&envelope, wait));
    let text = |result: Result<(), SendError>| match result {
        Err(SendError::Unroutable(fault)) => fault.message,
        other => panic!("{other:?}"),
    };
    assert!(text(first).contains("waiting for a node"));
    assert!(text(second).contains("is full"));

    let mut link = connected(&house, &me).await;
    let events = link
        .publisher(&Address::Events {
            gateway: Some("g1".into()),
        })
        .await
        .unwrap();
    let mut large = note("g1");
    large.data = serde_json::Value::String("x".repeat(4 * 1024));
    let result = events.send(&large, DEADLINE).await;
    assert!(matches!(result, Err(SendError::Unroutable(_))), "{result:?}");
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
