//! Looks after what nobody else would notice: the end of the certificate, keys that became unreadable.

use super::{Severity, Topic, note_components};
use crate::hub::Hub;
use crate::identity::{Validity, renew};
use crate::state::read_public;
use crate::vault::check_files;
use actix::{Actor, AsyncContext, Handler, Message};
use chrono::Utc;
use sluice_contract::{Code, Fault};
use sluice_runtime::{Component, Ctx, TaskEnded, supervised};
use std::sync::Arc;
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(60);

/// The component that checks the node's own state from time to time.
pub(crate) struct HealthMonitor;

/// Look now.
struct Check;

impl Message for Check {
    type Result = ();
}

impl Actor for HealthMonitor {
    type Context = Ctx<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        check(ctx);
        ctx.run_interval(EVERY, |_, ctx| {
            // Through the mailbox, so that it is counted.
            if let Err(error) = ctx.handle().tell(Check) {
                tracing::debug!(%error, "A check was left out.");
            }
        });
    }
}

impl Component for HealthMonitor {
    const NAME: &'static str = "Health";
    type Deps = Arc<Hub>;

    fn create(_: &Self::Deps) -> Self {
        Self
    }
}

supervised!(HealthMonitor);

impl Handler<Check> for HealthMonitor {
    type Result = ();

    fn handle(&mut self, _: Check, ctx: &mut Self::Context) {
        check(ctx);
    }
}

impl Handler<TaskEnded> for HealthMonitor {
    type Result = ();

    fn handle(&mut self, _: TaskEnded, _: &mut Self::Context) {}
}

fn check(ctx: &mut Ctx<HealthMonitor>) {
    let hub = Arc::clone(ctx.deps());
    note_components(&hub.board, &hub.root.snapshot());
    ctx.spawn_task("certificate", certificate(Arc::clone(&hub)));
    ctx.spawn_blocking("check", move |_| {
        keys(&hub);
        hub.journal.prune();
    });
}

/// Renews the node's certificate when two thirds of its life are over, and says so when that does not succeed.
async fn certificate(hub: Arc<Hub>) {
    let (now, validity) = (Utc::now(), validity(&hub).await);
    let validity = match validity {
        Err(fault) => return hub.board.raise(Topic::Certificate, Severity::Error, &fault),
        Ok(validity) if now < validity.renew_at() => return hub.board.clear(&Topic::Certificate),
        Ok(validity) => validity,
    };
    let until = validity.until.format("%Y-%m-%d %H:%M UTC");
    if now >= validity.until {
        let fault = Fault::new(
            Code::CertificateExpiring,
            format!("the node's certificate ended on {until}"),
        );
        return hub.board.raise(Topic::Certificate, Severity::Error, &fault);
    }
    match renewed(&hub).await {
        Ok(()) => {
            tracing::info!("The node's certificate was renewed.");
            hub.board.clear(&Topic::Certificate);
        }
        Err(why) => {
            let text = format!("the node's certificate ends on {until}, and was not renewed: {why}");
            let fault = Fault::new(Code::CertificateExpiring, text);
            hub.board.raise(Topic::Certificate, Severity::Warning, &fault);
        }
    }
}

async fn validity(hub: &Hub) -> Result<Validity, Fault> {
    let path = hub.state.node_certificate();
    let read = move || {
        let pem = read_public(&path)?;
        let pem = pem.ok_or_else(|| Fault::new(Code::NodeStateFailed, "the node's certificate is missing"))?;
        Validity::of_pem(&pem)
    };
    tokio::task::spawn_blocking(read).await.unwrap_or_else(|e| {
        Err(Fault::new(
            Code::Internal,
            format!("reading the certificate failed: {e}"),
        ))
    })
}

async fn renewed(hub: &Arc<Hub>) -> Result<(), Fault> {
    renew(&hub.state, &hub.outward, &hub.identity).await?;
    let hub = Arc::clone(hub);
    tokio::task::spawn_blocking(move || hub.receipts.renewed(&hub.state, &hub.identity))
        .await
        .unwrap_or_else(|e| Err(Fault::new(Code::Internal, format!("using the certificate failed: {e}"))))
}

/// The vault holds its keys in memory; this notices files that would not be readable after a restart.
fn keys(hub: &Hub) {
    match check_files(&hub.state) {
        Ok(()) => hub.board.clear(&Topic::Vault),
        Err(fault) if fault.code == Code::KeysAwaited => hub.board.raise(Topic::Vault, Severity::Warning, &fault),
        Err(fault) => hub.board.raise(Topic::Vault, Severity::Error, &fault),
    }
}
