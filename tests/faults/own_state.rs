//! What Sluice itself keeps: the factory's database locked, the node's disk full.

use super::common::{digest, fill, make, nothing_is_staged, succeeds};
use sluice_tests::disk::SmallDisk;
use sluice_tests::documents::{postgres_sink, postgres_source};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::postgres::Postgres;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_factorys_database_that_is_locked_for_a_while() {
    let (server, factory) = (Postgres::start(), Factory::start());
    fill(&server, 10_000).await;
    let expected = digest(&server, "big").await;
    let gateway = Gateway::start(&factory, "onprem").await;
    gateway.ask(&["limit", "--bandwidth", "300KB/s"]).expect(0);
    let rest = factory.rest();
    let to = postgres_sink(&server, "public", "out");
    make(&rest, "Copy", &postgres_source(&server, "public", "big"), &to, 0).await;
    let run = rest.start("Copy").await;
    // Longer than the factory waits for the lock: claims, heartbeats and outcomes fail in between.
    let database = rusqlite::Connection::open(factory.state().join("factory.db")).unwrap();
    for _ in 0..2 {
        database.busy_timeout(Duration::from_secs(20)).unwrap();
        database.execute_batch("BEGIN EXCLUSIVE").unwrap();
        tokio::time::sleep(Duration::from_secs(12)).await;
        database.execute_batch("COMMIT").unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    drop(database);
    let activity = succeeds(&rest, &run).await;
    assert_eq!(
        digest(&server, "out").await,
        expected,
        "{activity:#}\n{}",
        factory.log()
    );
    nothing_is_staged(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nodes_disk_that_is_full_for_a_while() {
    let (server, factory, disk) = (Postgres::start(), Factory::start(), SmallDisk::of("4m"));
    fill(&server, 10_000).await;
    let expected = digest(&server, "big").await;
    let mut gateway = Gateway::registered_below(&factory, "onprem", disk.path()).await;
    gateway.boot();
    gateway.online(&factory).await;
    let rest = factory.rest();
    for number in 0..2 {
        let to = postgres_sink(&server, "public", &format!("out{number}"));
        make(
            &rest,
            &format!("Copy{number}"),
            &postgres_source(&server, "public", "big"),
            &to,
            0,
        )
        .await;
    }
    // Full before the job comes: it is not taken.
    disk.fill();
    let waiting = rest.start("Copy0").await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let state = rest.run(&waiting).await.unwrap();
    assert!(
        ["Queued", "InProgress"].contains(&state["status"].as_str().unwrap()),
        "{state:#}"
    );
    disk.free();
    let activity = succeeds(&rest, &waiting).await;
    assert_eq!(
        digest(&server, "out0").await,
        expected,
        "{activity:#}\n{}",
        gateway.log()
    );

    // Full in the middle: the outcome waits for room.
    gateway.ask(&["limit", "--bandwidth", "300KB/s"]).expect(0);
    let running = rest.start("Copy1").await;
    sluice_tests::poll::until("rows to travel", Duration::from_secs(60), || async {
        let activity = rest.activity(&running).await?;
        (activity["output"]["dataRead"].as_u64().unwrap_or_default() > 0).then_some(())
    })
    .await;
    disk.fill();
    tokio::time::sleep(Duration::from_secs(8)).await;
    disk.free();
    let activity = succeeds(&rest, &running).await;
    assert_eq!(
        digest(&server, "out1").await,
        expected,
        "{activity:#}\n{}",
        gateway.log()
    );
    nothing_is_staged(&server).await;
    gateway.assert_running();
}
