//! What a component costs that does nothing.

use std::time::Duration;

use sluice_runtime::{Placement, Root};

use crate::Failure;
use crate::contestants::actix::Total;
use crate::contestants::sluice::Sum;

/// Idle components.
pub(crate) const IDLE: usize = 500;

/// Resident memory per idle component, in KiB.
pub(crate) struct Idle {
    pub(crate) kib: f64,
}

/// Resident memory of the process, in KiB.
fn resident() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    Ok(number.ok_or("no VmRSS in /proc/self/status")?.parse()?)
}

async fn start(root: &Root, number: usize) -> Result<(), Failure> {
    let id = format!("idle-{number}");
    let handle = root.supervise::<Sum<4096>>(&id, (), Placement::Shared("idle"));
    // It has started when it answers.
    handle.ask(Total, Duration::from_secs(10)).await?;
    Ok(())
}

/// All on one thread, which is there before the first is counted. They are stopped again afterwards.
pub(crate) async fn measure(root: &Root) -> Result<Idle, Failure> {
    start(root, 0).await?;
    let before = resident()?;
    for number in 1..=IDLE {
        start(root, number).await?;
    }
    let kib = (resident()? - before) / IDLE as f64;
    for number in 0..=IDLE {
        root.retire(&format!("idle-{number}")).await;
    }
    Ok(Idle { kib })
}
