//! Everything that a broker may do to messages: all of them twice, the second time in the reverse order, those for nodes and
//! those of nodes.

use super::common::{digest, fill, make, nothing_is_staged, succeeds};
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions};
use lapin::uri::AMQPUri;
use lapin::{BasicProperties, Connection, ConnectionProperties};
use sluice_tests::backend::{Backend, Line};
use sluice_tests::documents::{postgres_sink, postgres_source};
use sluice_tests::poll::until;
use sluice_tests::postgres::Postgres;
use sluice_tests::rabbitmq::{PASSWORD, RabbitMq, USER};
use std::time::Duration;

const RUNS: usize = 4;

/// Takes all messages of the queue with this ending, and puts each back twice, the second time in the reverse order.
async fn replay(broker: &RabbitMq, ending: &str) -> usize {
    let (queue, _) = broker
        .queues()
        .into_iter()
        .find(|(name, _)| name.ends_with(ending))
        .unwrap_or_else(|| panic!("no queue {ending}"));
    let uri: AMQPUri = format!("amqp://{USER}:{PASSWORD}@127.0.0.1:{}/%2f", broker.plain_port)
        .parse()
        .unwrap();
    let connection = Connection::connect_uri(uri, ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
    let mut taken: Vec<(Vec<u8>, BasicProperties)> = Vec::new();
    while let Some(message) = channel
        .basic_get(queue.as_str().into(), BasicGetOptions::default())
        .await
        .unwrap()
    {
        let message = message.delivery;
        message.acker.ack(BasicAckOptions::default()).await.unwrap();
        taken.push((message.data, message.properties));
    }
    for (body, properties) in taken.iter().chain(taken.iter().rev()) {
        channel
            .basic_publish(
                "".into(),
                queue.as_str().into(),
                BasicPublishOptions::default(),
                body,
                properties.clone(),
            )
            .await
            .unwrap()
            .await
            .unwrap();
    }
    connection.close(200, "OK".into()).await.unwrap();
    taken.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_come_twice_and_backwards_change_nothing() {
    let (line, server) = (Line::start(Backend::Rabbit), Postgres::start());
    let broker = line.broker.as_ref().unwrap();
    fill(&server, 2000).await;
    let expected = digest(&server, "big").await;
    // A lease that outlasts the replays.
    let mut factory = line.factory_with(&["--lease", "60"], &[]);
    let mut nodes = line.nodes(&factory, "onprem", 2).await;
    let rest = factory.rest();
    let mut runs = Vec::new();
    // Jobs that wait at the broker.
    for node in &mut nodes {
        node.kill9();
    }
    for number in 0..RUNS {
        let to = postgres_sink(&server, "public", &format!("out{number}"));
        make(
            &rest,
            &format!("Copy{number}"),
            &postgres_source(&server, "public", "big"),
            &to,
            0,
        )
        .await;
        runs.push(rest.start(&format!("Copy{number}")).await);
    }
    broker.wait_for_messages("/jobs", RUNS as u64);
    assert_eq!(replay(broker, "/jobs").await, RUNS);
    for node in &mut nodes {
        node.boot();
    }
    for (number, run) in runs.iter().enumerate() {
        let activity = succeeds(&rest, run).await;
        assert_eq!(digest(&server, &format!("out{number}")).await, expected, "{activity:#}");
        assert_eq!(activity["attempts"].as_array().unwrap().len(), 1, "{activity:#}");
    }

    // What nodes say while the factory is away: claims, heartbeats, outcomes.
    let run = {
        for node in &nodes {
            node.ask(&["limit", "--bandwidth", "20KB/s"]).expect(0);
        }
        let to = postgres_sink(&server, "public", "late");
        make(&rest, "Late", &postgres_source(&server, "public", "big"), &to, 0).await;
        let run = rest.start("Late").await;
        until("rows to travel", Duration::from_secs(60), || async {
            let activity = rest.activity(&run).await?;
            (activity["output"]["dataRead"].as_u64().unwrap_or_default() > 0).then_some(())
        })
        .await;
        run
    };
    factory.kill9();
    broker.wait_for_messages("/events", 3);
    assert!(replay(broker, "/events").await >= 3);
    factory.restart();
    let activity = succeeds(&rest, &run).await;
    assert_eq!(digest(&server, "late").await, expected, "{activity:#}");
    nothing_is_staged(&server).await;
}
