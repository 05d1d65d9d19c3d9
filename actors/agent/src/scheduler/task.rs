//! From a job's specification to a task at work.

use super::copy::allowed;
use super::live::LiveJob;
use crate::connector::lend;
use crate::hub::Hub;
use crate::policy::{self, Use};
use crate::{secrets, vault};
use chrono::Utc;
use sluice_activities::{TaskJob, perform};
use sluice_contract::document::text;
use sluice_contract::job::{Task, TaskOutcome, TaskSpec};
use sluice_contract::{Code, Fault, Object};
use sluice_store_core::{CommitKey, Reach};
use sluice_web::{Reach as FromHere, Request, Scheme};
use std::sync::Arc;

/// Borrows the connections, and does the work once: under this lease and token nothing of it is repeated.
pub(super) async fn task(hub: &Arc<Hub>, live: &Arc<LiveJob>, work: &TaskSpec) -> Result<TaskOutcome, Fault> {
    let working = async {
        permitted(hub, work).await?;
        if work.kind == Task::WebActivity {
            return sluice_web::call(request(hub, work).await?, &FromHere::node(&hub.network)).await;
        }
        let job = TaskJob {
            spec: work,
            store: match &work.store {
                Some(endpoint) => Some(lend(hub, endpoint, false).await?),
                None => None,
            },
            // A log is short, and waits for nobody: it takes no place of its own.
            log: match &work.log {
                Some(endpoint) => Some(lend(hub, endpoint, true).await?),
                None => None,
            },
            key: CommitKey {
                job: live.job.clone(),
                attempt: live.attempt,
                token: live.token,
            },
            activity_run: match live.spec.activity_run.as_str() {
                "" => live.job.to_string(),
                run => run.to_owned(),
            },
        };
        perform(job).await
    };
    let output = tokio::select! {
        biased;
        // What was begun is dropped, and stopped in the store as well.
        () = live.stop.cancelled() => return Err(live.stopping().map_or_else(stopped, |why| why.fault())),
        output = working => output?,
    };
    Ok(TaskOutcome {
        output,
        parts: 0,
        started: Some(live.started),
        finished: Some(Utc::now()),
        node: Some(hub.identity.node.clone()),
        extra: Object::new(),
    })
}

/// A web call, with its login where it has one.
async fn request(hub: &Arc<Hub>, work: &TaskSpec) -> Result<Request, Fault> {
    let Some(login) = &work.store else {
        return Request::read(&work.settings);
    };
    let mut properties = vault::open_for(hub, login).await?;
    secrets::resolve(hub, login, &mut properties).await?;
    let found = sluice_web::login(&work.settings);
    let missing = || Fault::new(Code::PropertyMissing, format!("{} has no password", login.name));
    let (found, password) = found.zip(properties.secrets.get("password")).ok_or_else(missing)?;
    match found.scheme {
        Scheme::Basic => Request::read_as(&work.settings, &found, password),
        Scheme::Principal => {
            let token = secrets::principal_token(hub, login, &properties, password).await?;
            Request::read_as(&work.settings, &found, &token)
        }
    }
}

/// Whether the node's policy lets this be done.
async fn permitted(hub: &Arc<Hub>, work: &TaskSpec) -> Result<(), Fault> {
    let writes = matches!(work.kind, Task::Delete | Task::Script | Task::SqlServerStoredProcedure);
    if let Some(store) = &work.store
        && work.kind != Task::WebActivity
    {
        // What an activity wants executed stands in its settings.
        let mut asked = store.clone();
        asked.activity.extend(work.settings.clone());
        allowed(hub, &asked, if writes { Use::Write } else { Use::Read }).await?;
    }
    if let Some(log) = &work.log {
        allowed(hub, log, Use::Write).await?;
    }
    match text(&work.settings, "url") {
        Some(url) => policy::check_address(hub, work.kind.as_str(), Reach::of_address(url, None)).await,
        None => Ok(()),
    }
}

fn stopped() -> Fault {
    Fault::new(Code::LeaseLost, "the task was stopped")
}
