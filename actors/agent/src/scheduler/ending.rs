//! How an attempt ended, and what the factory is told of it.

use super::live::{LiveJob, Stop};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sluice_contract::job::{Outcome, OutputPart, TaskOutcome};
use sluice_contract::message::{Cancelled, Completed, Failed};
use sluice_contract::{Code, Fault, Message as Wire, Object};

/// Longer messages of stores are cut, so that the outcome always fits into an envelope.
const MAX_TEXT: usize = 16 * 1024;

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// Done; a copy is verified and committed.
    Completed(Outcome),
    /// Nothing was committed.
    Failed(Fault),
    /// Stopped on request, or because the agent stops; nothing was committed. The factory knows which it was, and gives
    /// the job out again if nobody asked for the cancel.
    Cancelled,
    /// This attempt does not count any more: another one decides.
    Dropped(String),
}

/// How the copy came back.
pub(super) enum Exit {
    /// It ended by itself.
    Returned(Result<Outcome, Fault>),
    /// It panicked.
    Panicked,
    /// It did not stop in time and was torn down.
    TornDown,
}

impl Ending {
    pub(super) fn of(exit: Exit, live: &LiveJob) -> Self {
        let result = match exit {
            Exit::Returned(Ok(outcome)) => return Ending::Completed(outcome),
            Exit::Panicked => {
                let text = "the copy failed unexpectedly; it was contained and nothing was committed";
                Err(Fault::new(Code::CopyPanicked, text))
            }
            Exit::Returned(Err(fault)) => Err(fault),
            Exit::TornDown => Ok(()),
        };
        match (live.stopping(), result) {
            (Some(Stop::Cancelled(_) | Stop::ShuttingDown), _) => Ending::Cancelled,
            (Some(why @ Stop::TimedOut(_)), _) => Ending::Failed(why.fault()),
            (Some(why), _) => Ending::Dropped(why.fault().message),
            // Without a reason it was the lease that ended in the commit gate.
            (None, Err(fault)) if fault.code == Code::LeaseLost => Ending::Dropped(fault.message),
            // A partition that a silent node wrote after all may have met the same one written again. The next attempt goes on
            // with what is staged.
            (None, Err(fault)) if live.table.get().is_some_and(|table| table.lost_a_helper()) => {
                tracing::warn!(job = %live.job, %fault, "A shared copy failed after it had lost a helping node; it is handed back.");
                Ending::Cancelled
            }
            (None, Err(fault)) => Ending::Failed(fault),
            (None, Ok(())) => Ending::Dropped("it was torn down".to_owned()),
        }
    }

    /// Takes an output out that is too large for one message, in the parts that go before the message.
    pub(super) fn take_parts(&mut self) -> Vec<OutputPart> {
        match self {
            Ending::Completed(Outcome::Task(done)) => parts(done),
            _ => Vec::new(),
        }
    }

    /// The message for the factory; `None` when it is not to be told.
    pub(super) fn message(self, live: &LiveJob) -> Option<Wire> {
        let progress = live.progress();
        let extra = Object::new();
        Some(match self {
            Ending::Completed(outcome) => Wire::JobCompleted(Completed { outcome, extra }),
            Ending::Failed(mut fault) => {
                cut(&mut fault.message);
                Wire::JobFailed(Failed { fault, progress, extra })
            }
            Ending::Cancelled => Wire::JobCancelled(Cancelled { progress, extra }),
            Ending::Dropped(_) => return None,
        })
    }
}

fn parts(done: &mut TaskOutcome) -> Vec<OutputPart> {
    // A map of texts and JSON values: serializing cannot fail.
    let text = serde_json::to_vec(&done.output).unwrap_or_default();
    if text.len() <= OutputPart::BYTES {
        return Vec::new();
    }
    let pieces = text.chunks(OutputPart::BYTES);
    let of = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
    done.output = Object::new();
    done.parts = of;
    let part = |(part, piece): (u32, &[u8])| OutputPart {
        part,
        of,
        data: STANDARD.encode(piece),
        extra: Object::new(),
    };
    (0..).zip(pieces).map(part).collect()
}

fn cut(text: &mut String) {
    if text.len() > MAX_TEXT {
        text.truncate(text.floor_char_boundary(MAX_TEXT));
        text.push_str(" ...");
    }
}
