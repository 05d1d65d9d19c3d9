//! Many idle nodes: what a connection costs, whether heartbeats are answered, and how soon all are back after the factory was
//! killed.

use super::identity::register;
use super::node::{Told, live};
use super::{at, cpu, resident};
use sluice_tests::factory::Factory;
use sluice_tests::poll::until;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(600);
/// For so long heartbeats are listened to: three of each node.
const LISTEN: Duration = Duration::from_secs(60);

pub(super) async fn run(nodes: usize) {
    println!("\nLoad: {nodes} idle nodes on one embedded factory");
    let mut factory = Factory::start_with(&["--lease", "180"], &[]);
    let rest = factory.rest();
    let begun = Instant::now();
    let identities = register(&rest, nodes, usize::MAX).await;
    println!("  registered in {:.0} s", begun.elapsed().as_secs_f64());
    let before = resident(&factory);
    let told = Arc::new(Told::default());
    told.reset();
    let begun = Instant::now();
    let mut tasks = Vec::new();
    for identity in identities {
        let told = told.clone();
        tasks.push(tokio::spawn(async move { live(&identity, &told, 1).await }));
        // A fleet that is switched on, not a storm.
        if tasks.len() % 50 == 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    all_are_there(&told, nodes).await;
    println!("  connected in {:.0} s", begun.elapsed().as_secs_f64());

    told.reset();
    let (lost, busy) = (told.lost.load(Ordering::Relaxed), cpu(&factory));
    tokio::time::sleep(LISTEN).await;
    let answers = sorted(&told.answers.lock().unwrap());
    let after = resident(&factory);
    println!(
        "  the factory has {after:.0} MB, {:.1} kB per node; {} heartbeats answered in {} s, p50 {:.0} ms, p99 {:.0} ms; \
         {} connections lost; {:.0} % of a processor",
        (after - before) * 1024.0 / nodes as f64,
        answers.len(),
        LISTEN.as_secs(),
        at(&answers, 50),
        at(&answers, 99),
        told.lost.load(Ordering::Relaxed) - lost,
        (cpu(&factory) - busy) / LISTEN.as_secs_f64() * 100.0
    );

    factory.kill9();
    factory.restart();
    told.reset();
    let begun = Instant::now();
    all_are_there(&told, nodes).await;
    let back = sorted(&told.sessions.lock().unwrap());
    println!(
        "  killed and started again: all have a session {:.1} s after it answers; p50 {:.1} s, p99 {:.1} s; tries in vain: {}",
        begun.elapsed().as_secs_f64(),
        at(&back, 50) / 1000.0,
        at(&back, 99) / 1000.0,
        told.lost.load(Ordering::Relaxed) - lost
    );
    for task in tasks {
        task.abort();
    }
}

async fn all_are_there(told: &Told, nodes: usize) {
    until("all nodes to have a session", PATIENCE, || async {
        (told.welcomed.load(Ordering::Relaxed) >= nodes).then_some(())
    })
    .await;
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values
}
