//! What the factory says about the leases of running copies.

use super::{LiveJobs, Stop};
use sluice_contract::JobId;
use sluice_contract::message::{LeaseRenewed, Reconcile, Verdict};
use std::time::Duration;
use tokio::time::Instant;

/// The token of an outcome of a job that never had a lease; the factory's tokens are larger.
pub(crate) const NO_LEASE: u64 = 0;
/// The part of a lease in which work is done. The rest is for clocks that run apart, and for stopping.
const USABLE: f64 = 0.9;

/// Until when to work under a lease of so many seconds that was asked for at `asked`.
pub(super) fn work_until(asked: Instant, lease_s: u32) -> Instant {
    asked + Duration::from_secs(u64::from(lease_s)).mul_f64(USABLE)
}

/// The answer to the heartbeat that was sent at `asked`.
pub(crate) fn renewed(live: &LiveJobs, answer: LeaseRenewed, asked: Instant) {
    for renewed in answer.granted {
        if let Some(live) = live.get(&renewed.job) {
            live.renew(work_until(asked, renewed.lease_s));
        }
    }
    for revoked in answer.revoked {
        if let Some(live) = live.get(&revoked.job) {
            live.request_stop(Stop::Revoked(revoked.reason));
        }
    }
}

/// Stops a copy whose run was cancelled.
pub(crate) fn cancel(live: &LiveJobs, job: &JobId, attempt: Option<u32>, grace: Duration) {
    if let Some(live) = live.get(job)
        && attempt.is_none_or(|attempt| attempt == live.attempt)
    {
        live.request_stop(Stop::Cancelled(grace));
    }
}

/// What the factory wants done with the copies that ran through a reconnection. `asked` is when it was told of them.
pub(crate) fn reconcile(live: &LiveJobs, verdicts: Vec<Reconcile>, lease_s: u32, asked: Instant) {
    for Reconcile { job, verdict, .. } in verdicts {
        let Some(live) = live.get(&job) else { continue };
        match verdict {
            Verdict::Keep => live.renew(work_until(asked, lease_s)),
            Verdict::Abort => {
                live.request_stop(Stop::Revoked("it is over, or another attempt has it".to_owned()));
            }
        }
    }
}
