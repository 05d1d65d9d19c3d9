//! Messages per second and CPU time per message, in rounds in which everybody has a turn.

use std::time::Instant;

use cpu_time::ProcessTime;
use sluice_runtime::Root;

use crate::Failure;
use crate::contestants::Contestant;
use crate::contestants::actix::Actix;
use crate::contestants::kameo::Kameo;
use crate::contestants::ractor::Ractor;
use crate::contestants::sluice::Sluice;

/// Rounds that count; one before them warms up.
pub(crate) const ROUNDS: usize = 7;
/// Messages told in a turn.
pub(crate) const TELLS: u64 = 1_000_000;
/// Tasks that ask at the same time.
pub(crate) const ASKERS: u64 = 64;
/// Questions of each of them in a turn.
pub(crate) const ASKS: u64 = 5_000;
/// What a component's mailbox holds by default.
const BOUNDED: usize = 4096;
/// More than are told in a turn, so that the sender never waits, as with actix and ractor.
const ROOMY: usize = 2_000_000;

/// Nanoseconds per message of one turn.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) cpu: f64,
    pub(crate) wall: f64,
}

/// The turns of one contestant.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) tells: Vec<Cost>,
    pub(crate) asks: Vec<Cost>,
}

impl Line {
    fn new(name: &'static str) -> Self {
        Self {
            name,
            tells: Vec::new(),
            asks: Vec::new(),
        }
    }

    async fn turn(&mut self, contestant: &impl Contestant, counts: bool) -> Result<(), Failure> {
        let tells = tells(contestant).await?;
        let asks = asks(contestant).await?;
        if counts {
            self.tells.push(tells);
            self.asks.push(asks);
        }
        Ok(())
    }
}

/// From now on.
struct Started(ProcessTime, Instant);

impl Started {
    fn now() -> Self {
        Self(ProcessTime::now(), Instant::now())
    }

    fn cost(&self, messages: u64) -> Cost {
        Cost {
            cpu: self.0.elapsed().as_nanos() as f64 / messages as f64,
            wall: self.1.elapsed().as_nanos() as f64 / messages as f64,
        }
    }
}

/// One task tells; the turn ends when all are handled.
async fn tells(contestant: &impl Contestant) -> Result<Cost, Failure> {
    let before = contestant.ask().await?;
    let started = Started::now();
    for _ in 0..TELLS {
        contestant.tell(1).await?;
    }
    let after = contestant.ask().await?;
    let cost = started.cost(TELLS);
    if after - before != TELLS {
        return Err(format!("{} of {TELLS} messages arrived", after - before).into());
    }
    Ok(cost)
}

/// Many tasks ask, each one question after the other.
async fn asks(contestant: &impl Contestant) -> Result<Cost, Failure> {
    let started = Started::now();
    let askers: Vec<_> = (0..ASKERS)
        .map(|_| {
            let contestant = contestant.clone();
            tokio::spawn(async move {
                for _ in 0..ASKS {
                    contestant.ask().await?;
                }
                Ok::<(), Failure>(())
            })
        })
        .collect();
    for asker in askers {
        asker.await??;
    }
    Ok(started.cost(ASKERS * ASKS))
}

/// All rounds. The first line is raw actix.
pub(crate) async fn measure(root: &Root, actix: &Actix) -> Result<[Line; 5], Failure> {
    let bounded = Sluice::<BOUNDED>::start(root);
    let roomy = Sluice::<ROOMY>::start(root);
    let ractor = Ractor::start().await?;
    let kameo = Kameo::start(BOUNDED);
    let mut lines = [
        Line::new("raw actix, unbounded"),
        Line::new("sluice, room for 4096"),
        Line::new("sluice, room for all"),
        Line::new("ractor, unbounded"),
        Line::new("kameo, room for 4096"),
    ];
    for round in 0..=ROUNDS {
        let counts = round > 0;
        lines[0].turn(actix, counts).await?;
        lines[1].turn(&bounded, counts).await?;
        lines[2].turn(&roomy, counts).await?;
        lines[3].turn(&ractor, counts).await?;
        lines[4].turn(&kameo, counts).await?;
    }
    Ok(lines)
}
