//! The job queue: as much credit as there are free places, and nothing is accepted before it is in the ledger. However old a
//! dispatch is, the job is claimed: whether it is still to be had is for the factory to say, not for a comparison of clocks.

use super::session::Shared;
use crate::hub::Hub;
use crate::journal::Arrival;
use crate::scheduler::{Accepted, GiveBack, NO_LEASE, Reservation, Reserve};
use sluice_channel::{Inbox, Settle};
use sluice_contract::job::{JobSpec, Task, Work};
use sluice_contract::message::{Cancelled, Reject};
use sluice_contract::{Code, Envelope, Fault, JobId, Message as Wire, Object};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// After a job was given back no new one is asked for so soon, or the queue would hand out the same again and again.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest the scheduler may take to find a place.
const ASK: Duration = Duration::from_secs(5);

/// Takes jobs until the link breaks.
pub(super) async fn take_jobs(shared: &Shared, inbox: Box<dyn Inbox>, credit: u32) -> Fault {
    match take(shared, inbox, credit).await {
        Ok(never) => match never {},
        Err(fault) => fault,
    }
}

async fn take(shared: &Shared, mut inbox: Box<dyn Inbox>, credit: u32) -> Result<Infallible, Fault> {
    let mut places = shared.hub.places.subscribe();
    let mut outstanding = credit;
    let mut not_before = Instant::now();
    loop {
        let free = places.borrow_and_update().free();
        let paused = Instant::now() < not_before;
        if free < outstanding {
            // Credit cannot be taken back in part. What is free is asked for anew.
            inbox.stop().await?;
            outstanding = 0;
            continue;
        }
        if free > outstanding && !paused {
            inbox.add_credit(free - outstanding).await?;
            outstanding = free;
        }
        tokio::select! {
            delivery = inbox.next() => {
                let delivery = delivery?;
                outstanding = outstanding.saturating_sub(1);
                let how = receive(shared, &delivery.envelope).await;
                if how == Settle::Release {
                    not_before = Instant::now() + PAUSE;
                }
                inbox.settle(delivery, how).await?;
            }
            _ = places.changed() => {}
            () = sleep_until(not_before), if paused => {}
        }
    }
}

/// Decides about one delivery. `Accept` only when nothing of it can get lost any more.
async fn receive(shared: &Shared, envelope: &Envelope) -> Settle {
    let hub = &shared.hub;
    let (Some(job), Some(attempt)) = (envelope.job.clone(), envelope.attempt) else {
        return Settle::DeadLetter(format!("{} names no job and attempt", envelope.kind));
    };
    let spec = match envelope.message() {
        Ok(Wire::JobDispatch(dispatch)) => Arc::new(dispatch.spec),
        Ok(_) => return Settle::DeadLetter(format!("{} is not a job", envelope.kind)),
        Err(fault) => {
            let fault = Fault::new(Code::JobInvalid, fault.message);
            return match reject(hub, &job, attempt, fault).await {
                Ok(()) => Settle::Accept,
                Err(_) => Settle::Release,
            };
        }
    };
    let reserve = Reserve {
        job: job.clone(),
        attempt,
    };
    match hub.scheduler.ask(reserve, ASK).await {
        Ok(Reservation::Kept) => {}
        Ok(Reservation::Repeated) => return Settle::Accept,
        Ok(Reservation::None) | Err(_) => return Settle::Release,
    }
    let settled = journal(hub, &job, attempt, spec).await;
    match settled {
        Ok(true) => Settle::Accept,
        Ok(false) => {
            hub.scheduler.tell(GiveBack { job, attempt });
            Settle::Accept
        }
        Err(fault) => {
            tracing::error!(%job, attempt, %fault, "A job could not be taken and is given back.");
            hub.scheduler.tell(GiveBack { job, attempt });
            Settle::Release
        }
    }
}

/// Writes the job down and has it claimed; false when it is over already.
async fn journal(hub: &Arc<Hub>, job: &JobId, attempt: u32, spec: Arc<JobSpec>) -> Result<bool, Fault> {
    match hub.journal.receive(job, attempt, Arc::clone(&spec)).await? {
        Arrival::Known => return Ok(false),
        Arrival::Cancelled => {
            tracing::info!(%job, attempt, "A job was cancelled before it came.");
            let message = Wire::JobCancelled(Cancelled::default());
            let envelope = hub.envelope(&message).job(job.clone(), attempt, Some(NO_LEASE));
            hub.journal.finish(&[], &envelope).await?;
            return Ok(false);
        }
        Arrival::Wanted => {}
    }
    let served = |kind: &str| hub.options.stores.connector(kind).map(drop);
    // What a web activity logs in with is no store.
    let calls = matches!(&spec.work, Work::Task(task) if task.kind == Task::WebActivity);
    if !calls && let Err(fault) = spec.endpoints().try_for_each(|endpoint| served(&endpoint.kind)) {
        reject(hub, job, attempt, fault).await?;
        return Ok(false);
    }
    let accepted = Accepted {
        job: job.clone(),
        attempt,
        spec,
    };
    if hub.scheduler.tell(accepted) {
        return Ok(true);
    }
    // The job stays in the ledger, where the scheduler finds it when it comes back; its delivery comes again and is known.
    Err(Fault::new(
        Code::ComponentRestarted,
        "the scheduler did not take the job",
    ))
}

/// Tells the factory, durably, that this node cannot run the job.
async fn reject(hub: &Hub, job: &JobId, attempt: u32, fault: Fault) -> Result<(), Fault> {
    tracing::warn!(%job, attempt, %fault, "A job is rejected.");
    let message = Wire::JobReject(Reject {
        fault,
        extra: Object::new(),
    });
    let envelope = hub.envelope(&message).job(job.clone(), attempt, None);
    hub.journal.finish(&[], &envelope).await
}
