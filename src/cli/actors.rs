//! `sluice gateway actors` and `sluice gateway metrics`: the parts of a running agent and their figures.

use super::args::{ActorsArgs, ActorsCommand, RestartArgs, StateArgs};
use super::output::{Output, note, table};
use serde_json::Value;
use sluice_agent::admin::{self, ActorRow};
use sluice_contract::{Code, Fault};
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

/// How often `--watch` looks.
const EVERY: Duration = Duration::from_secs(1);
/// Top left, and everything below erased.
const CLEAR: &str = "\x1b[H\x1b[J";

pub(super) async fn run(args: ActorsArgs, output: &Output) -> Result<(), Fault> {
    match args.command {
        Some(ActorsCommand::Restart(restarted)) => restart(&args.state, &restarted).await,
        None if args.watch => watch(&args.state.dir(), output).await,
        None => {
            let rows = admin::actors(args.state.dir()).await?;
            output.print(&json(&rows)?, |_| describe(&rows));
            Ok(())
        }
    }
}

pub(super) async fn metrics(args: StateArgs) -> Result<(), Fault> {
    let text = admin::metrics(args.dir()).await?;
    // A closed pipe (`| head`) is no error worth reporting.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    Ok(())
}

async fn restart(state: &StateArgs, args: &RestartArgs) -> Result<(), Fault> {
    admin::restart(state.dir(), &args.name).await?;
    note(format_args!("{} restarts", args.name));
    Ok(())
}

/// Until it is interrupted, the reader goes away, or the agent does.
async fn watch(state: &Path, output: &Output) -> Result<(), Fault> {
    let screen = !output.is_json() && std::io::stdout().is_terminal();
    let stop = sluice_runtime::stop_signal();
    tokio::pin!(stop);
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = &mut stop => return Ok(()),
        }
        let rows = admin::actors(state).await?;
        let text = match output.is_json() {
            true => format!("{}\n", json(&rows)?),
            false if screen => format!("{CLEAR}{}", describe(&rows)),
            false => format!("{}\n", describe(&rows)),
        };
        let mut stdout = std::io::stdout().lock();
        if stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).is_err() {
            return Ok(());
        }
    }
}

fn json(rows: &[ActorRow]) -> Result<Value, Fault> {
    serde_json::to_value(rows).map_err(|e| Fault::new(Code::Internal, e.to_string()))
}

fn describe(rows: &[ActorRow]) -> String {
    let head = [
        "NAME", "STATE", "RESTARTS", "WAITING", "HANDLED", "REJECTED", "LOST", "FENCED", "NOW", "REASON",
    ];
    let cells = rows.iter().map(|row| {
        let now = row.current.as_ref().map_or_else(
            || "-".to_owned(),
            |current| format!("{} {} ms", current.message, current.age_ms),
        );
        let panic = row
            .last_panic
            .as_ref()
            .map(|panic| format!("last panic: {}", panic.message));
        let reason = row.reason.clone().or(panic).unwrap_or_else(|| "-".to_owned());
        vec![
            row.id.clone(),
            row.health.clone(),
            row.restarts.total.to_string(),
            format!("{}/{}", row.depth, row.capacity),
            row.handled.to_string(),
            row.rejected.to_string(),
            row.lost.to_string(),
            row.fenced.to_string(),
            now,
            // A panic's text may have several lines; a row has one.
            reason.lines().next().unwrap_or_default().to_owned(),
        ]
    });
    table(&head, &cells.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sluice_agent::admin::{CurrentMessage, PanicRow};

    #[test]
    fn a_component_is_one_line() {
        let row = ActorRow {
            id: "JobScheduler".to_owned(),
            health: "failed".to_owned(),
            depth: 3,
            capacity: 4096,
            current: Some(CurrentMessage {
                message: "Tick".to_owned(),
                age_ms: 7,
            }),
            last_panic: Some(PanicRow {
                message: "first line\nsecond line".to_owned(),
                handling: None,
            }),
            ..ActorRow::default()
        };
        let text = describe(&[row]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        for cell in [
            "JobScheduler",
            "failed",
            "3/4096",
            "Tick 7 ms",
            "last panic: first line",
        ] {
            assert!(lines[1].contains(cell), "{text}");
        }
    }
}
