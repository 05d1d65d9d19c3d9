//! `BENCH_ONLY=load`: one embedded factory under many nodes, and many jobs.
//!
//! The nodes are as real to the factory as an agent is: each registers, has a certificate and connections of its own, greets,
//! beats, claims and commits; only what lies behind them, the copy, is not done. So this is the factory's and the channel's
//! load, and what it costs them.

mod drain;
mod identity;
mod idle;
mod node;

use sluice_tests::factory::Factory;

/// Runs both. `nodes` idle nodes; then `jobs` jobs of `gateways` gateways. Of which there are none is left out.
pub(crate) async fn run(nodes: usize, gateways: usize, jobs: usize) {
    if nodes > 0 {
        idle::run(nodes).await;
    }
    if jobs > 0 {
        drain::run(gateways, jobs).await;
    }
}

/// The factory's memory in RAM, in MB.
fn resident(factory: &Factory) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", factory.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    let kilobytes = line.split_whitespace().nth(1).unwrap();
    kilobytes.parse::<f64>().unwrap() / 1024.0
}

/// CPU time of the factory since its start, in seconds.
fn cpu(factory: &Factory) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", factory.pid())).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    // utime and stime, in hundredths of a second on Linux.
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}

/// A percentile of some seconds, in milliseconds.
fn at(sorted: &[f64], percent: usize) -> f64 {
    match sorted.len() {
        0 => f64::NAN,
        count => sorted[(count * percent / 100).min(count - 1)] * 1000.0,
    }
}
