//! What is special to the embedded endpoint once a node is connected.
#![allow(clippy::unwrap_used)]

mod support;

use sluice_channel::conformance::Backend;
use sluice_channel::{Address, AmqpChannel, ControlChannel, Limits, Link, Peer, Presence, SendError, Settle};
use sluice_contract::{Code, Envelope, Fault, Message};
use std::time::Duration;
use support::{DEADLINE, House, eventually, peer};
use tokio::time::timeout;

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
        assert_eq!(house.embedded.connected(), std::slice::from_ref(&me));
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
    let shutdown = timeout(DEADLINE, house.embedded.shutdown());
    let (sent, received, ended) = tokio::join!(outbox.send(&envelope, DEADLINE), inbox.next(), shutdown);
    ended.unwrap();
    assert!(matches!(sent, Err(SendError::Unroutable(_))), "{sent:?}");
    assert_eq!(received.unwrap_err().code, Code::ChannelLost);
    assert_eq!(factory.closed().await.code, Code::ChannelLost);
    assert!(reason(link.as_mut()).await.message.contains("shutting down"));
    assert!(house.embedded.connected().is_empty());
    assert!(house.embedded.channel().connect().await.is_err());
    assert_eq!(refused(house.direct(&me)).await.code, Code::ChannelUnreachable);
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

/// The engine does not look at its idle timer while it writes; the stream does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_takes_no_more_data_is_dropped_after_the_idle_timeout() {
    let house = House::with(Duration::from_secs(2), Limits::default()).await;
    let me = peer("g1", "n1");
    let mut link = house.node(&me).connect().await.unwrap();
    let mut inbox = link.consume(&jobs(&me), 200).await.unwrap();
    let mut factory = house.embedded.channel().connect().await.unwrap();
    let outbox = factory.publisher(&jobs(&me)).await.unwrap();
    // The credit has arrived when the first message has.
    let (first, small) = (note("g1"), async {
        let delivery = inbox.next().await.unwrap();
        inbox.settle(delivery, Settle::Accept).await.unwrap();
    });
    let (sent, ()) = tokio::join!(outbox.send(&first, DEADLINE), small);
    sent.unwrap();
    house.freeze(&me.node);
    let mut large = note("g1");
    large.data = serde_json::Value::String("x".repeat(180 * 1024));
    let start = std::time::Instant::now();
    let sends = (0..100).map(|_| outbox.send(&large, Duration::from_secs(4)));
    let (results, ()) = tokio::join!(futures::future::join_all(sends), house.noticed_gone(&me.node));
    assert!(results.iter().all(Result::is_err));
    assert!(matches!(results[0], Err(SendError::Unknown(_))), "{:?}", results[0]);
    assert!(start.elapsed() < Duration::from_secs(12));
}

/// An orderly close does not overtake what was settled before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_before_an_orderly_close_arrives() {
    let house = House::new().await;
    let me = peer("g1", "n1");
    let channel = house.direct(&me);
    let mut factory = house.embedded.channel().connect().await.unwrap();
    let outbox = factory.publisher(&jobs(&me)).await.unwrap();
    for _ in 0..50 {
        let mut link = channel.connect().await.unwrap();
        let mut inbox = link.consume(&jobs(&me), 1).await.unwrap();
        let envelope = note("g1");
        let (sent, ()) = tokio::join!(outbox.send(&envelope, DEADLINE), async {
            let delivery = inbox.next().await.unwrap();
            inbox.settle(delivery, Settle::Accept).await.unwrap();
            link.close(DEADLINE).await;
        });
        sent.unwrap();
    }
}
