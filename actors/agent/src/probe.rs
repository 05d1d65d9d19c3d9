//! Testing a connection for somebody at the factory.

use crate::connector;
use crate::hub::Hub;
use crate::secrets;
use actix::{Actor, Handler, Message};
use sluice_contract::job::Endpoint;
use sluice_contract::message::{ProbeReply, ProbeRequest, ProbeStage};
use sluice_contract::{Code, Envelope, Fault, Message as Wire, Object};
use sluice_runtime::{Component, Ctx, TaskEnded, supervised};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Tests at the same time; further ones are answered with `SL8004`.
const PLACES: usize = 4;
/// The longest a test may take; the request itself lives for two minutes.
const LIMIT: Duration = Duration::from_secs(60);

/// The component that tests connections.
pub(crate) struct Prober {
    places: Arc<Semaphore>,
}

/// Test this, and answer that envelope.
pub(crate) struct Probe {
    pub(crate) request: Envelope,
    pub(crate) body: ProbeRequest,
}

impl Message for Probe {
    type Result = ();
}

impl Actor for Prober {
    type Context = Ctx<Self>;
}

impl Component for Prober {
    const NAME: &'static str = "Prober";
    type Deps = Arc<Hub>;

    fn create(_: &Self::Deps) -> Self {
        Self {
            places: Arc::new(Semaphore::new(PLACES)),
        }
    }
}

supervised!(Prober);

impl Handler<Probe> for Prober {
    type Result = ();

    fn handle(&mut self, Probe { request, body }: Probe, ctx: &mut Self::Context) {
        let hub = Arc::clone(ctx.deps());
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            let fault = Fault::new(
                Code::Overloaded,
                "the node tests as many connections as it can; try again",
            );
            return reply(&hub, &request, vec![stage("connect", Duration::ZERO, Some(fault))]);
        };
        ctx.spawn_task("probe", async move {
            let stages = run(&hub, &body.endpoint).await;
            reply(&hub, &request, stages);
            drop(place);
        });
    }
}

impl Handler<TaskEnded> for Prober {
    type Result = ();

    fn handle(&mut self, _: TaskEnded, _: &mut Self::Context) {}
}

/// Tests a connection: the node's own policy, the credential, and then what the store's connector can tell apart.
pub(crate) async fn run(hub: &Arc<Hub>, endpoint: &Endpoint) -> Vec<ProbeStage> {
    let begun = Instant::now();
    timeout(LIMIT, stages(hub, endpoint)).await.unwrap_or_else(|_| {
        let text = format!("the store did not answer within {} s", LIMIT.as_secs());
        let fault = Fault::new(Code::StoreUnreachable, text);
        vec![stage("connect", begun.elapsed(), Some(fault))]
    })
}

async fn stages(hub: &Arc<Hub>, endpoint: &Endpoint) -> Vec<ProbeStage> {
    let begun = Instant::now();
    let connection = match connector::lend(hub, endpoint, true).await {
        Ok(connection) => connection,
        // Nothing was sent to the store: what is wrong is the policy, the credential or the linked service.
        Err(fault) => return vec![stage(stage_of(&fault), begun.elapsed(), Some(fault))],
    };
    let mut stages = vec![stage("credential", begun.elapsed(), None)];
    let mut found = connection.probe().await;
    let refused = |stage: &ProbeStage| {
        stage
            .fault
            .as_ref()
            .is_some_and(|fault| fault.code == Code::LoginFailed)
    };
    let refers = secrets::references(&endpoint.properties).is_ok_and(|found| !found.is_empty());
    if refers
        && found.iter().any(refused)
        && let Ok(connection) = connector::lend(hub, endpoint, true).await
    {
        // With secrets that are fetched anew.
        found = connection.probe().await;
    }
    stages.extend(found);
    stages
}

/// The stage at which a connection was not made.
fn stage_of(fault: &Fault) -> &'static str {
    match fault.code {
        Code::PolicyRefused | Code::PolicyInvalid => "policy",
        code if code.as_str().starts_with("SL5") => "credential",
        _ => "resolve",
    }
}

fn stage(name: &str, took: Duration, fault: Option<Fault>) -> ProbeStage {
    ProbeStage {
        name: name.to_owned(),
        millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        fault,
        extra: Default::default(),
    }
}

fn reply(hub: &Hub, request: &Envelope, stages: Vec<ProbeStage>) {
    let message = Wire::ProbeReply(ProbeReply {
        stages,
        extra: Object::new(),
    });
    hub.send(hub.envelope(&message).answering(request));
}
