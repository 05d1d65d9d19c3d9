//! The component itself.

use super::breaker::{Breaker, State, is_unreachable};
use super::lent::Lent;
use super::{ConnectorStatus, Made, pool};
use crate::health::{Severity, Topic};
use crate::hub::Hub;
use crate::policy::{self, Use};
use crate::secrets;
use crate::vault;
use actix::{Actor, AsyncContext, Handler, Message};
use sluice_contract::job::Endpoint;
use sluice_contract::{Code, Fault};
use sluice_runtime::{Component, Ctx, TaskEnded, supervised};
use sluice_store_core::Connection;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

type Reply = oneshot::Sender<Result<Arc<dyn Connection>, Fault>>;

/// The longest that opening the credential and making the connection may take.
const CONNECT: Duration = Duration::from_secs(60);
/// The longest a copy waits for a place on a connection.
const PLACE: Duration = Duration::from_secs(600);
const CONNECTING: &str = "connect";

/// Serves one linked service's store.
pub(crate) struct StoreConnector {
    held: Option<(Made, Arc<dyn Connection>)>,
    making: Option<Made>,
    waiting: Vec<Lend>,
    places: Arc<Semaphore>,
    limit: u32,
    breaker: Breaker,
    last_use: Instant,
    last_error: Option<Fault>,
}

/// Asks for the connection of a linked service as the job brought it.
pub(crate) struct Lend {
    pub(super) endpoint: Endpoint,
    pub(super) probe: bool,
    pub(super) reply: Reply,
}

/// A connection was made, or not.
struct Connected(Made, Result<Arc<dyn Connection>, Fault>);

/// What happened on a connection.
pub(super) struct Observed(pub(super) Result<(), Fault>);

/// Looks whether the connection is still needed.
struct Idle;

macro_rules! message {
    ($($name:ty),*) => { $(impl Message for $name { type Result = (); })* };
}
message!(Lend, Connected, Observed, Idle);

impl Actor for StoreConnector {
    type Context = Ctx<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let every = (ctx.deps().0.tuning.idle_connection / 4).clamp(Duration::from_millis(50), Duration::from_secs(60));
        ctx.run_interval(every, |_, ctx| {
            if let Err(error) = ctx.handle().tell(Idle) {
                tracing::debug!(%error, "A look at an idle connection was left out.");
            }
        });
    }
}

impl Component for StoreConnector {
    const NAME: &'static str = "Connector";
    type Deps = (Arc<Hub>, String);

    fn create((hub, _): &Self::Deps) -> Self {
        let limit = hub.tuning.copies_per_connection.max(1);
        Self {
            held: None,
            making: None,
            waiting: Vec::new(),
            places: Arc::new(Semaphore::new(limit as usize)),
            limit,
            breaker: Breaker::new(hub.tuning.breaker_failures, hub.tuning.breaker_pause),
            last_use: Instant::now(),
            last_error: None,
        }
    }
}

supervised!(StoreConnector);

impl Handler<Lend> for StoreConnector {
    type Result = ();

    fn handle(&mut self, request: Lend, ctx: &mut Self::Context) {
        self.last_use = Instant::now();
        if !request.probe
            && let Err(fault) = self.breaker.admit(Instant::now())
        {
            let _ = request.reply.send(Err(fault));
            return;
        }
        self.waiting.push(request);
        self.serve(ctx);
    }
}

impl Handler<Connected> for StoreConnector {
    type Result = ();

    fn handle(&mut self, Connected(made, result): Connected, ctx: &mut Self::Context) {
        self.making = None;
        match result {
            Ok(connection) => self.held = Some((made, connection)),
            Err(fault) => {
                let asked = |request: &mut Lend| Made::of(&request.endpoint) == made;
                let failed: Vec<Lend> = self.waiting.extract_if(.., asked).collect();
                for request in failed {
                    let _ = request.reply.send(Err(fault.clone()));
                }
                if is_unreachable(&fault) {
                    self.note(ctx, Err(fault));
                } else {
                    // A credential that does not open says nothing about the store.
                    self.last_error = Some(fault);
                }
            }
        }
        self.serve(ctx);
    }
}

impl Handler<Observed> for StoreConnector {
    type Result = ();

    fn handle(&mut self, Observed(outcome): Observed, ctx: &mut Self::Context) {
        self.last_use = Instant::now();
        self.note(ctx, outcome);
    }
}

impl Handler<Idle> for StoreConnector {
    type Result = ();

    fn handle(&mut self, _: Idle, ctx: &mut Self::Context) {
        let (hub, name) = ctx.deps().clone();
        let busy = self.places.available_permits() < self.limit as usize || !self.waiting.is_empty();
        if busy || self.last_use.elapsed() < hub.tuning.idle_connection {
            return self.publish(ctx);
        }
        self.held = None;
        hub.connectors.forget(&name);
        hub.board.clear(&Topic::Store(name.clone()));
        let root = hub.root.clone();
        // Not a task of its own: the component waits for those before it stops.
        hub.runtime.spawn(async move { root.retire(&pool::id(&name)).await });
    }
}

impl Handler<TaskEnded> for StoreConnector {
    type Result = ();

    fn handle(&mut self, ended: TaskEnded, ctx: &mut Self::Context) {
        if ended.name != CONNECTING || ended.outcome.is_ok() {
            return;
        }
        if let Some(made) = self.making.clone() {
            let fault = Fault::new(Code::ComponentRestarted, "making the connection failed unexpectedly");
            self.handle(Connected(made, Err(fault)), ctx);
        }
    }
}

impl StoreConnector {
    /// Hands the connection to those who wait for it, and makes the next one that is asked for.
    fn serve(&mut self, ctx: &mut Ctx<Self>) {
        if let Some((made, connection)) = &self.held {
            let fits = |request: &mut Lend| Made::of(&request.endpoint) == *made;
            let served: Vec<Lend> = self.waiting.extract_if(.., fits).collect();
            for request in served {
                hand_out(ctx, Arc::clone(connection), &self.places, request);
            }
        }
        if self.making.is_none()
            && let Some(next) = self.waiting.first()
        {
            self.making = Some(Made::of(&next.endpoint));
            make(ctx, next.endpoint.clone());
        }
        self.publish(ctx);
    }

    fn note(&mut self, ctx: &Ctx<Self>, outcome: Result<(), Fault>) {
        let (hub, name) = ctx.deps();
        match outcome {
            Ok(()) => {
                self.breaker.succeeded();
                self.last_error = None;
            }
            Err(fault) => {
                if fault.code == Code::LoginFailed {
                    // A secret that was fetched may have been changed: the next connection asks for it again.
                    self.held = None;
                    hub.secrets.forget();
                }
                if self.breaker.failed(&fault, Instant::now()) {
                    let about = fault
                        .clone()
                        .context(format!("linked service {name} is left alone for a while"));
                    hub.board.raise(Topic::Store(name.clone()), Severity::Warning, &about);
                }
                self.last_error = Some(fault);
            }
        }
        if self.breaker.state(Instant::now()) == State::Closed {
            hub.board.clear(&Topic::Store(name.clone()));
        }
        self.publish(ctx);
    }

    fn publish(&self, ctx: &Ctx<Self>) {
        let (hub, name) = ctx.deps();
        let state = match (self.breaker.state(Instant::now()), &self.held) {
            (State::Open, _) => "Paused",
            (State::HalfOpen, _) => "Trying",
            (State::Closed, Some(_)) => "Connected",
            (State::Closed, None) => "Idle",
        };
        let made = self.held.as_ref().map(|(made, _)| made).or(self.making.as_ref());
        hub.connectors.publish(ConnectorStatus {
            name: name.clone(),
            kind: made.map(|made| made.kind.clone()).unwrap_or_default(),
            state: state.to_owned(),
            failures: self.breaker.failures(),
            last_error: self.last_error.as_ref().map(ToString::to_string),
        });
    }
}

/// Waits for a free place, and hands the connection out.
fn hand_out(ctx: &mut Ctx<StoreConnector>, connection: Arc<dyn Connection>, places: &Arc<Semaphore>, request: Lend) {
    let lender = ctx.handle();
    let places = Arc::clone(places);
    ctx.spawn_task("hand-out", async move {
        let place = match request.probe {
            true => Ok(None),
            false => match timeout(PLACE, places.acquire_owned()).await {
                Ok(Ok(place)) => Ok(Some(place)),
                _ => Err(Fault::new(
                    Code::StoreBusy,
                    format!("no place on the connection of linked service {}", request.endpoint.name),
                )),
            },
        };
        let lent = place.map(|place| {
            Arc::new(Lent {
                connection,
                lender,
                _place: place,
            }) as Arc<dyn Connection>
        });
        let _ = request.reply.send(lent);
    });
}

/// Opens the credential and makes the connection.
fn make(ctx: &mut Ctx<StoreConnector>, endpoint: Endpoint) {
    let hub = Arc::clone(&ctx.deps().0);
    let connector = ctx.handle();
    ctx.spawn_task(CONNECTING, async move {
        let made = Made::of(&endpoint);
        let late = || {
            Err(Fault::new(
                Code::StoreUnreachable,
                format!(
                    "linked service {}: no connection within {} s",
                    endpoint.name,
                    CONNECT.as_secs()
                ),
            ))
        };
        let result = timeout(CONNECT, connect(&hub, &endpoint))
            .await
            .unwrap_or_else(|_| late());
        if let Err(error) = connector.tell(Connected(made, result)) {
            tracing::warn!(%error, "A connector did not take its connection.");
        }
    });
}

async fn connect(hub: &Arc<Hub>, endpoint: &Endpoint) -> Result<Arc<dyn Connection>, Fault> {
    let store = hub.options.stores.connector(&endpoint.kind)?;
    let mut properties = vault::open_for(hub, endpoint).await?;
    secrets::resolve(hub, endpoint, &mut properties).await?;
    policy::check(hub, endpoint, store.reaches(&properties), Use::Test).await?;
    store
        .connect_over(properties, hub.network.clone())
        .await
        .map_err(|fault| fault.context(format!("linked service {}", endpoint.name)))
}
