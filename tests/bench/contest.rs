//! Contenders in turns, and what their figures come to.

use sluice_tests::{root, test_env};
use std::path::Path;
use std::process::Command;

/// What a copy may use when nobody says otherwise.
const BUDGET_MB: f64 = 256.0;

/// What one run needed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    /// Seconds from start to end.
    pub(crate) wall: f64,
    /// Seconds of user and system time of the client's processes.
    pub(crate) cpu: f64,
    /// Megabytes of the largest process.
    pub(crate) mb: f64,
}

/// Somebody who does the work.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    /// A script for bash.
    pub(crate) script: String,
    /// SQL for the server before each run, not measured.
    pub(crate) before: String,
}

/// What has to be reached: a figure of ours, at most so many times the contender's.
pub(crate) struct Target {
    pub(crate) what: &'static str,
    pub(crate) of: fn(&Run) -> f64,
    pub(crate) times: f64,
    pub(crate) contender: &'static str,
}

/// A row of the table: the first contender is ours.
pub(crate) struct Contest {
    pub(crate) title: &'static str,
    pub(crate) contenders: Vec<Contender>,
    pub(crate) targets: Vec<Target>,
}

/// A database server that contenders work with.
pub(crate) trait Server {
    /// Runs statements before a run; then waits for what others left to be written, which would slow the next one down.
    async fn before(&self, statements: &str);
}

impl Server for sluice_tests::postgres::Postgres {
    async fn before(&self, statements: &str) {
        if !statements.is_empty() {
            self.sql(statements).await;
        }
        self.sql("CHECKPOINT").await;
    }
}

/// The wall time of a run.
pub(crate) fn wall(run: &Run) -> f64 {
    run.wall
}

/// The CPU time of a run.
pub(crate) fn cpu(run: &Run) -> f64 {
    run.cpu
}

impl Contest {
    /// Runs everybody in turns and prints the medians and ratios as a table in Markdown.
    pub(crate) async fn hold(&self, server: &impl Server, dir: &Path, rounds: usize) {
        println!("\n## {}\n", self.title);
        let mut runs: Vec<Vec<Run>> = vec![Vec::new(); self.contenders.len()];
        for _ in 0..rounds {
            for (contender, runs) in self.contenders.iter().zip(&mut runs) {
                server.before(&contender.before).await;
                runs.push(measure(&contender.script, dir));
            }
        }
        let medians: Vec<Run> = runs.iter().map(|runs| median(runs)).collect();
        println!("| | wall s | CPU s | peak MB | wall, each run |\n|---|--:|--:|--:|---|");
        for ((contender, run), all) in self.contenders.iter().zip(&medians).zip(&runs) {
            let all: Vec<String> = all.iter().map(|run| format!("{:.2}", run.wall)).collect();
            println!(
                "| {} | {:.2} | {:.2} | {:.0} | {} |",
                contender.name,
                run.wall,
                run.cpu,
                run.mb,
                all.join(" ")
            );
        }
        // Half the leanest peer's peak, or the budget, whichever is larger.
        let leanest = medians[1..].iter().map(|run| run.mb).fold(f64::INFINITY, f64::min);
        let allowed = (leanest / 2.0).max(BUDGET_MB);
        let verdict = if medians[0].mb <= allowed { "reached" } else { "missed" };
        println!("\n- peak: {:.0} MB, at most {allowed:.0}: {verdict}", medians[0].mb);
        for target in &self.targets {
            let other = self.contenders.iter().position(|other| other.name == target.contender);
            let other = other.expect("a target names a contender of its contest");
            let ratio = (target.of)(&medians[0]) / (target.of)(&medians[other]).max(1e-9);
            let verdict = if ratio <= target.times { "reached" } else { "missed" };
            println!(
                "- {}: {ratio:.2} times {}, at most {:.2}: {verdict}",
                target.what, target.contender, target.times
            );
        }
    }
}

/// Runs a script and measures its processes.
pub(crate) fn measure(script: &str, dir: &Path) -> Run {
    let output = Command::new(test_env("venv/bin/python"))
        .arg(root().join("tests/bench/measure.py"))
        .args(["bash", "-euc", script])
        .current_dir(dir)
        .output()
        .expect("Python runs");
    assert!(
        output.status.success(),
        "{script}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let figures: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let figure = |name: &str| figures[name].as_f64().unwrap();
    Run {
        wall: figure("wall"),
        cpu: figure("cpu"),
        mb: figure("mb"),
    }
}

/// The median of each figure.
pub(crate) fn median(runs: &[Run]) -> Run {
    let middle = |of: fn(&Run) -> f64| {
        let mut values: Vec<f64> = runs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    Run {
        wall: middle(wall),
        cpu: middle(cpu),
        mb: middle(|run| run.mb),
    }
}
