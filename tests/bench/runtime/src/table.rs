//! The figures as a Markdown table, the way docs/benchmarks.md has it.

use std::time::Duration;

use crate::faults::{HangTimes, PANICS, Panics};
use crate::idle::{IDLE, Idle};
use crate::load::{ASKERS, ASKS, Cost, Line, ROUNDS, TELLS};

fn median(costs: &[Cost], of: fn(&Cost) -> f64) -> f64 {
    let mut values: Vec<f64> = costs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Of values in order of size.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get(last * percent / 100).copied().unwrap_or(f64::NAN)
}

fn costs(what: &str, lines: &[Line], of: fn(&Line) -> &[Cost]) {
    let Some(base) = lines.first().map(of) else { return };
    let (base_cpu, base_wall) = (median(base, |c| c.cpu), median(base, |c| c.wall));
    for line in lines {
        let (cpu, wall) = (median(of(line), |c| c.cpu), median(of(line), |c| c.wall));
        println!(
            "| {what}: {} | {cpu:.0} | {:.2} | {wall:.0} | {:.2} | {:.2} |",
            line.name,
            cpu / base_cpu,
            wall / base_wall,
            1e3 / wall
        );
    }
}

/// Prints everything.
pub(crate) fn print(load: &[Line], panics: &Panics, hangs: &[HangTimes], period: Duration, idle: &Idle) {
    println!(
        "tell: {TELLS} messages from one task; ask: {ASKERS} tasks with {ASKS} questions each; medians of {ROUNDS} rounds\n"
    );
    println!("| message | CPU ns | to raw actix | wall ns | to raw actix | M/s |");
    println!("|---|--:|--:|--:|--:|--:|");
    costs("tell", load, |line| &line.tells);
    costs("ask", load, |line| &line.asks);
    println!("\n| supervision | figure |");
    println!("|---|--:|");
    for (what, times) in [
        ("plain ask", &panics.plain),
        ("panic to the answer behind it", &panics.behind_panic),
    ] {
        println!(
            "| {what}, {PANICS} times: p50, p99 | {:.0} µs, {:.0} µs |",
            percentile(times, 50),
            percentile(times, 99)
        );
    }
    for hang in hangs {
        println!(
            "| hang: deadline to event (check period {} ms), event to answer | {:.1} ms, {:.2} ms |",
            period.as_millis(),
            hang.noticed,
            hang.replaced
        );
    }
    println!(
        "| resident memory per idle component, of {IDLE} on one thread | {:.1} KiB |",
        idle.kib
    );
}
