//! One call into a connector: it may fail, panic or hang, and the copy may be cancelled meanwhile.

use crate::fault::{cancelled, panicked, stalled};
use futures::FutureExt;
use sluice_contract::Fault;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How a call ended.
pub(crate) enum Ended<T> {
    /// It returned.
    Returned(Result<T, Fault>),
    /// It panicked, or its time was over: what it did is not known.
    Unknown(Fault),
}

impl<T> Ended<T> {
    pub(crate) fn result(self) -> Result<T, Fault> {
        match self {
            Self::Returned(result) => result,
            Self::Unknown(fault) => Err(fault),
        }
    }
}

/// Waits for a call, contains its panic, and gives it up after the limit.
pub(crate) async fn guarded<T>(stage: &str, limit: Duration, call: impl Future<Output = Result<T, Fault>>) -> Ended<T> {
    // What a panic leaves behind is dropped with the copy, never used again.
    match tokio::time::timeout(limit, AssertUnwindSafe(call).catch_unwind()).await {
        Ok(Ok(result)) => Ended::Returned(result),
        Ok(Err(_)) => Ended::Unknown(panicked(stage)),
        Err(_) => Ended::Unknown(stalled(stage, limit)),
    }
}

/// The same, dropped when the copy is cancelled.
pub(crate) async fn step<T>(
    stage: &str,
    limit: Duration,
    cancel: &CancellationToken,
    call: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    // A copy that is cancelled does not begin its next step.
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(cancelled()),
        ended = guarded(stage, limit, call) => ended.result(),
    }
}
