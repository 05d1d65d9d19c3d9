//! How an attempt ended, and what the factory is told of it.

use super::live::{LiveJob, Stop};
use sluice_contract::job::CopyOutcome;
use sluice_contract::message::{Cancelled, Completed, Failed};
use sluice_contract::{Code, Fault, Message as Wire, Object};

/// Longer messages of stores are cut, so that the outcome always fits into an envelope.
const MAX_TEXT: usize = 16 * 1024;

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// Verified and committed.
    Completed(Box<CopyOutcome>),
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
    Returned(Result<Box<CopyOutcome>, Fault>),
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
            (None, Err(fault)) => Ending::Failed(fault),
            (None, Ok(())) => Ending::Dropped("it was torn down".to_owned()),
        }
    }

    /// The message for the factory; `None` when it is not to be told.
    pub(super) fn message(self, live: &LiveJob) -> Option<Wire> {
        let progress = live.progress();
        let extra = Object::new();
        Some(match self {
            Ending::Completed(outcome) => Wire::JobCompleted(Completed {
                outcome: *outcome,
                extra,
            }),
            Ending::Failed(mut fault) => {
                cut(&mut fault.message);
                Wire::JobFailed(Failed { fault, progress, extra })
            }
            Ending::Cancelled => Wire::JobCancelled(Cancelled { progress, extra }),
            Ending::Dropped(_) => return None,
        })
    }
}

fn cut(text: &mut String) {
    if text.len() > MAX_TEXT {
        text.truncate(text.floor_char_boundary(MAX_TEXT));
        text.push_str(" ...");
    }
}
