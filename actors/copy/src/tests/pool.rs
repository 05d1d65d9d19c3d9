//! Copies that share the memory of a node.

use super::source::{batch, rows};
use super::support::{Bench, Place, Wrong, until};
use crate::MemoryPool;
use std::sync::Arc;
use std::time::Duration;

const KIB: usize = 1024;
const BUDGET: usize = 512 * KIB;

fn benches(count: usize, per_batch: usize, pool: &MemoryPool) -> Vec<Arc<Bench>> {
    let bench = |_| {
        let mut bench = Bench::new(rows(60 * per_batch, 4, per_batch), &[(Place::Write, Wrong::Slow(1))]);
        bench.options.memory_budget = BUDGET;
        bench.options.memory = Some(pool.clone());
        bench.options.parallel = 4;
        Arc::new(bench)
    };
    (0..count).map(bench).collect()
}

fn start(bench: &Arc<Bench>) -> tokio::task::JoinHandle<()> {
    let bench = bench.clone();
    tokio::spawn(async move {
        bench.run().await.unwrap();
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_together_stay_within_their_nodes_memory() {
    let pool = MemoryPool::new(BUDGET, 4);
    let benches = benches(4, 1_500, &pool);
    let running: Vec<_> = benches.iter().map(start).collect();
    let mut peak = 0;
    while !running.iter().all(tokio::task::JoinHandle::is_finished) {
        peak = peak.max(benches.iter().map(|bench| bench.store.gauge.now()).sum());
        tokio::time::sleep(Duration::from_micros(300)).await;
    }
    for copy in running {
        copy.await.unwrap();
    }
    assert!(peak <= BUDGET, "{peak} bytes were in flight");
    assert!(
        pool.peak() <= BUDGET && pool.peak() > BUDGET / 2,
        "{pool:?} {}",
        pool.peak()
    );
    assert_eq!(pool.used(), 0);
    assert!(benches.iter().all(|bench| bench.shelf().published_rows() == 60 * 1_500));
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_larger_than_the_node_pass_one_by_one() {
    let pool = MemoryPool::new(32 * KIB, 3);
    assert!(batch(0, 4_000).get_array_memory_size() > pool.total());
    let benches = benches(3, 4_000, &pool);
    for copy in benches.iter().map(start).collect::<Vec<_>>() {
        copy.await.unwrap();
    }
    assert!(pool.peak() <= pool.total());
    assert!(benches.iter().all(|bench| bench.shelf().published_rows() == 60 * 4_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_whose_sink_stands_still_does_not_stop_the_others() {
    let pool = MemoryPool::new(BUDGET, 2);
    let mut stuck = Bench::new(rows(160 * 1_500, 4, 1_500), &[(Place::Write, Wrong::Hangs)]);
    stuck.options.memory_budget = BUDGET;
    stuck.options.memory = Some(pool.clone());
    let stuck = Arc::new(stuck);
    let hanging = tokio::spawn({
        let stuck = stuck.clone();
        async move { stuck.run().await }
    });
    // It takes all it can get, which is not all there is.
    until("the stuck copy to fill its share", || pool.used() > BUDGET / 3).await;
    start(&benches(1, 1_500, &pool)[0]).await.unwrap();
    stuck.cancel.cancel();
    hanging.await.unwrap().unwrap_err();
    until("the memory to come back", || pool.used() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_the_memory_of_others_is_not_standing_still() {
    let pool = MemoryPool::new(BUDGET, 1);
    let mut bench = Bench::new(rows(3_000, 1, 1_500), &[]);
    bench.options.memory = Some(pool.clone());
    bench.options.stall_timeout = Duration::from_millis(600);
    let others = pool.share(BUDGET);
    let room = others.reserve(BUDGET).await;
    let (outcome, ()) = tokio::join!(bench.run(), async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        drop(room);
    });
    assert_eq!(outcome.unwrap().rows_copied, 3_000);
}

#[tokio::test]
async fn first_come_first_served_and_the_large_are_not_overtaken() {
    let pool = MemoryPool::of_batches(100);
    let [a, b, c] = [pool.share(100), pool.share(100), pool.share(100)];
    let held = a.reserve(60).await;
    let mut large = Box::pin(b.reserve(90));
    let mut small = Box::pin(c.reserve(10));
    assert!(futures::poll!(&mut large).is_pending());
    assert!(futures::poll!(&mut small).is_pending(), "the large one was overtaken");
    drop(held);
    let large = large.await;
    let small = small.await;
    assert_eq!(pool.used(), 100);
    drop((large, small));
    // Whoever does not wait any more holds nobody up.
    let held = a.reserve(60).await;
    let mut large = Box::pin(b.reserve(90));
    assert!(futures::poll!(&mut large).is_pending());
    let mut small = Box::pin(c.reserve(10));
    assert!(futures::poll!(&mut small).is_pending());
    drop(large);
    drop(small.await);
    drop(held);
    assert_eq!(pool.used(), 0);
}

#[tokio::test]
async fn a_copy_over_its_own_limit_holds_nobody_up() {
    let pool = MemoryPool::of_batches(100);
    let (a, b) = (pool.share(30), pool.share(100));
    let first = a.reserve(30).await;
    let mut second = Box::pin(a.reserve(5));
    assert!(futures::poll!(&mut second).is_pending(), "the copy's own limit");
    let other = b.reserve(70).await;
    drop(first);
    let second = second.await;
    assert_eq!(pool.used(), 75);
    drop((second, other));
    // A room that nobody has taken yet goes back.
    let all = b.reserve(100).await;
    let mut granted = Box::pin(a.reserve(10));
    assert!(futures::poll!(&mut granted).is_pending());
    drop(all);
    drop(granted);
    assert_eq!(pool.used(), 0);
}
