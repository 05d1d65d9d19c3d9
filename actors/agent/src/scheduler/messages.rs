//! What the scheduler is told and asked.

use actix::Message;
use sluice_contract::JobId;
use sluice_contract::job::JobSpec;
use std::sync::Arc;

/// A dispatch came in: is there a place for it?
pub(crate) struct Reserve {
    pub(crate) job: JobId,
    pub(crate) attempt: u32,
}

/// The answer to [`Reserve`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reservation {
    /// A place is kept.
    Kept,
    /// This attempt has a place already: the dispatch is a repetition.
    Repeated,
    /// There is none, or an earlier attempt is just being stopped: somebody else may have it.
    None,
}

impl Message for Reserve {
    type Result = Reservation;
}

/// The reserved place is not needed.
pub(crate) struct GiveBack {
    pub(crate) job: JobId,
    pub(crate) attempt: u32,
}

/// The job is journalled: claim it.
pub(crate) struct Accepted {
    pub(crate) job: JobId,
    pub(crate) attempt: u32,
    pub(crate) spec: Arc<JobSpec>,
}

/// `lease.granted`.
pub(crate) struct Granted {
    pub(crate) job: JobId,
    pub(crate) attempt: u32,
    pub(crate) token: u64,
    pub(crate) lease_s: u32,
    /// The id of the claim that it answers.
    pub(crate) answers: Option<String>,
}

/// `lease.denied`.
pub(crate) struct Denied {
    pub(crate) job: JobId,
    pub(crate) attempt: Option<u32>,
    pub(crate) reason: String,
}

/// `job.cancel` of a job that may not run yet; it is already remembered in the ledger.
pub(crate) struct Cancel {
    pub(crate) job: JobId,
    /// Without one, every attempt.
    pub(crate) attempt: Option<u32>,
}

/// A session with the factory begins: what was asked before may have been lost.
pub(crate) struct Welcomed;

/// A copy has ended and its outcome is in the ledger.
pub(super) struct Ended;

/// Time for claims and progress.
pub(super) struct Tick;

macro_rules! message {
    ($($name:ty),*) => { $(impl Message for $name { type Result = (); })* };
}
message!(GiveBack, Accepted, Granted, Denied, Cancel, Welcomed, Ended, Tick);
