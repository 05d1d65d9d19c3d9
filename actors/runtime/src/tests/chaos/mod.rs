//! Everything at once, in a tree of roots under load: every question is answered, and every answer belongs to one
//! execution.
//!
//! `SLUICE_CHAOS_SECONDS` says how long (three; CI takes sixty), `SLUICE_CHAOS_SEED` repeats a run. What goes wrong is a
//! function of the seed, the component and the number of its message alone: however the threads run, a component
//! suffers the same story.

mod fault;
mod life;
mod tree;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures::future::join_all;

use self::life::{Chaos, Receipt};
use self::tree::{Found, TREE, Work, grow, root};
use super::world::{PATIENCE, test, until};
use crate::{AskError, Port, Strategy};

/// Tasks that ask.
const ASKERS: usize = 8;
/// Questions to a leaf at a time.
const QUESTIONS: usize = 10;

/// From SLUICE_CHAOS_SEED, else another one every time. It is printed, and nextest shows it when the test fails.
fn seed() -> u64 {
    let wanted = std::env::var("SLUICE_CHAOS_SEED").ok();
    let seed = wanted.and_then(|text| text.parse().ok()).unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(1, |time| u64::from(time.subsec_nanos()))
    });
    println!("SLUICE_CHAOS_SEED={seed}");
    seed
}

fn seconds() -> u64 {
    let wanted = std::env::var("SLUICE_CHAOS_SECONDS").ok();
    wanted.and_then(|text| text.parse().ok()).unwrap_or(3)
}

/// What came of the questions to leaves.
#[derive(Default)]
struct Outcomes {
    answered: u64,
    /// `Restarted`: executed or not, and possibly only later.
    unknown: Vec<Arc<Receipt>>,
    /// `Full` and `Down`: not executed, not even later.
    refused: Vec<Arc<Receipt>>,
}

impl Outcomes {
    /// Several questions at once, so that some wait behind the one that hurts.
    async fn ask(&mut self, leaf: &Port<Work>) {
        let asking = (0..QUESTIONS).map(|_| async {
            let receipt = Arc::<Receipt>::default();
            let answer = leaf.ask(Work(Arc::clone(&receipt)), PATIENCE).await;
            (receipt, answer)
        });
        for (receipt, answer) in join_all(asking).await {
            match answer {
                Ok(()) => {
                    assert_eq!(receipt.times(), 1, "{}: executions of an answered question", leaf.id());
                    self.answered += 1;
                }
                Err(AskError::Restarted) => self.unknown.push(receipt),
                // Cooling down, or of a branch that is gone.
                Err(AskError::Full(_) | AskError::Down(_)) => self.refused.push(receipt),
                Err(AskError::DeadlinePassed) => panic!("{}: no answer at all", leaf.id()),
            }
        }
    }
}

/// All leaves that can be found at the moment.
async fn leaves(found: &[Found]) -> Vec<Port<Work>> {
    let (mut leaves, mut more) = (Vec::new(), found.to_vec());
    while let Some(found) = more.pop() {
        match found {
            Found::Leaf(port) => leaves.push(port),
            Found::Branch(port) => match port.ask(tree::Members, PATIENCE).await {
                Ok(members) => more.extend(members),
                Err(AskError::DeadlinePassed) => panic!("{}: no answer at all", port.id()),
                // One that fell with its branch, or falls just now: found again in the next round.
                Err(_) => {}
            },
        }
    }
    leaves
}

#[test]
fn chaos() {
    test(async {
        let chaos = Arc::new(Chaos::new(seed()));
        let trunk = root(Strategy::OneForOne, &chaos);
        let found = Arc::new(grow(&trunk, TREE, &chaos));
        let begun = Instant::now();
        let (end, at_last) = (Duration::from_secs(seconds()), PATIENCE * 3);
        let askers = (0..ASKERS).map(|_| {
            let (found, chaos) = (Arc::clone(&found), Arc::clone(&chaos));
            tokio::spawn(async move {
                let mut outcomes = Outcomes::default();
                // On a slow machine a little longer, until everything has happened.
                let time = |end| begun.elapsed() < end;
                while time(end) || (time(at_last) && !chaos.everything_has_happened()) {
                    for leaf in leaves(&found).await {
                        outcomes.ask(&leaf).await;
                    }
                }
                outcomes
            })
        });
        let mut all = Outcomes::default();
        for asker in askers.collect::<Vec<_>>() {
            let outcomes = asker
                .await
                .unwrap_or_else(|panic| panic!("{panic}\n{}", chaos.report()));
            all.answered += outcomes.answered;
            all.unknown.extend(outcomes.unknown);
            all.refused.extend(outcomes.refused);
        }
        let report = chaos.report();
        assert!(chaos.everything_has_happened(), "{report}");

        trunk.shutdown().await;
        let instances = || -> usize {
            let lives = chaos.lives();
            lives.iter().map(|life| life.instances.load(Ordering::SeqCst)).sum()
        };
        // Zombies and the branches that are gone included.
        until("nobody is left", || instances() == 0).await;
        assert!(all.refused.iter().all(|receipt| receipt.times() == 0), "{report}");
        let late: Vec<_> = all.unknown.iter().filter(|receipt| receipt.times() > 0).collect();
        for receipt in &late {
            // Its component was replaced between the execution and the answer: the one way to lose an answer.
            assert!(receipt.times() == 1 && receipt.was_fenced(), "{report}");
        }
        let executed: u64 = chaos
            .lives()
            .iter()
            .map(|life| life.executed.load(Ordering::SeqCst))
            .sum();
        assert_eq!(
            executed,
            all.answered + late.len() as u64,
            "executions and answers\n{report}"
        );
        println!(
            "{executed} executions, {} answers, {} fenced after the execution, {} restarted, {} refused\n{report}",
            all.answered,
            late.len(),
            all.unknown.len(),
            all.refused.len(),
        );
    });
}
