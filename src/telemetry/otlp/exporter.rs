//! The component that sends. A collector that is down, slow or unwilling costs a line in the log now and then; what is
//! not sent is in the next request, as counts go on.

use super::body;
use super::settings::Settings;
use crate::telemetry::Identity;
use crate::telemetry::families::parse;
use actix::{Actor, AsyncContext, Handler, Message};
use reqwest::{Certificate, Client, redirect};
use sluice_runtime::{Component, Ctx, RestartPolicy, Root, TaskEnded, supervised};
use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Failures are logged at most this often.
const LOG_EVERY: Duration = Duration::from_secs(600);

/// How long the last request may take: stopping waits for it.
const LAST: Duration = Duration::from_secs(5);

/// The task of one request.
const EXPORT: &str = "export";

/// All that the component is built from.
#[derive(Clone)]
pub(super) struct Exporter(Arc<Parts>);

struct Parts {
    settings: Settings,
    identity: Identity,
    client: Client,
    root: Root,
    /// When the program started, in nanoseconds since the epoch.
    start: u128,
}

impl Exporter {
    /// # Errors
    /// When the CA certificate cannot be used, in words.
    pub(super) fn new(settings: Settings, identity: Identity, root: Root) -> Result<Self, String> {
        let mut client = Client::builder()
            .timeout(settings.timeout)
            .connect_timeout(settings.timeout)
            // A redirect would take the headers elsewhere.
            .redirect(redirect::Policy::none())
            .user_agent(concat!("sluice/", env!("CARGO_PKG_VERSION")));
        if let Some(file) = &settings.certificate {
            let wrong = |why: String| format!("OTEL_EXPORTER_OTLP_CERTIFICATE: {file}: {why}");
            let pem = std::fs::read(file).map_err(|e| wrong(e.to_string()))?;
            let bundle = Certificate::from_pem_bundle(&pem).map_err(|e| wrong(e.to_string()))?;
            client = client.tls_certs_only(bundle);
        }
        let client = client.build().map_err(|e| format!("HTTP client: {e}"))?;
        Ok(Self(Arc::new(Parts {
            settings,
            identity,
            client,
            root,
            start: now(),
        })))
    }

    /// Sends all figures once.
    ///
    /// # Errors
    /// Why the collector did not take them, without the address, which may hold a password.
    async fn send(&self) -> Result<(), String> {
        let Parts {
            settings,
            identity,
            client,
            root,
            start,
        } = &*self.0;
        let request = body::request(&parse(&root.prometheus()), identity, *start, now());
        let reply = client
            .post(settings.url.clone())
            .headers(settings.headers.clone())
            .json(&request)
            .send()
            .await
            .map_err(|e| in_words(&e.without_url()))?;
        if reply.status().is_success() {
            Ok(())
        } else {
            Err(format!("it was answered with HTTP status {}", reply.status().as_u16()))
        }
    }
}

/// The component. Its two messages count what was sent and what was not; `sluice_actor_messages_total` has the figures.
pub(super) struct OtlpExporter {
    /// A request is under way.
    busy: bool,
    failures: u64,
    logged: Option<Instant>,
}

/// The collector took a request.
struct Exported;

/// The collector did not take a request.
struct ExportFailed {
    why: String,
}

impl Message for Exported {
    type Result = ();
}

impl Message for ExportFailed {
    type Result = ();
}

impl Actor for OtlpExporter {
    type Context = Ctx<Self>;

    fn started(&mut self, ctx: &mut Ctx<Self>) {
        // The last thing it does: what happened since the last time would be lost otherwise.
        let (deps, stop) = (ctx.deps().clone(), ctx.cancelled());
        ctx.spawn_task("last export", async move {
            stop.cancelled().await;
            let sent = tokio::time::timeout(LAST, deps.send()).await;
            let sent = sent.unwrap_or_else(|_| Err(format!("no answer within {} s", LAST.as_secs())));
            let to = &deps.0.settings.host;
            match sent {
                Ok(()) => tracing::debug!(to, "The last figures are exported by OTLP."),
                Err(why) => tracing::warn!(to, why, "The last figures could not be exported by OTLP."),
            }
        });
        let every = ctx.deps().0.settings.every;
        ctx.run_interval(every, |exporter, ctx| {
            // A collector slower than the interval is not asked twice at once.
            if ctx.cancelled().is_cancelled() || std::mem::replace(&mut exporter.busy, true) {
                return;
            }
            let (deps, me) = (ctx.deps().clone(), ctx.handle());
            let stop = ctx.cancelled();
            ctx.spawn_task(EXPORT, async move {
                let sent = tokio::select! {
                    sent = deps.send() => sent,
                    // The last one says it all again.
                    () = stop.cancelled() => return,
                };
                let told = match sent {
                    Ok(()) => me.tell(Exported).is_ok(),
                    Err(why) => me.tell(ExportFailed { why }).is_ok(),
                };
                if !told {
                    tracing::debug!("The end of an export went uncounted.");
                }
            });
        });
    }
}

impl Component for OtlpExporter {
    const NAME: &'static str = "OtlpExporter";
    type Deps = Exporter;

    fn create(_: &Exporter) -> Self {
        Self {
            busy: false,
            failures: 0,
            logged: None,
        }
    }

    fn policy() -> RestartPolicy {
        RestartPolicy {
            // Longer than the last request takes.
            shutdown: LAST * 2,
            ..RestartPolicy::default()
        }
    }
}

supervised!(OtlpExporter);

impl Handler<Exported> for OtlpExporter {
    type Result = ();

    fn handle(&mut self, _: Exported, ctx: &mut Ctx<Self>) {
        if self.failures > 0 {
            let to = &ctx.deps().0.settings.host;
            tracing::info!(to, failures = self.failures, "Figures are exported by OTLP again.");
        }
        self.failures = 0;
        self.logged = None;
    }
}

impl Handler<ExportFailed> for OtlpExporter {
    type Result = ();

    fn handle(&mut self, ExportFailed { why }: ExportFailed, ctx: &mut Ctx<Self>) {
        self.failures += 1;
        if self.logged.is_none_or(|at| at.elapsed() >= LOG_EVERY) {
            self.logged = Some(Instant::now());
            let to = &ctx.deps().0.settings.host;
            tracing::warn!(
                to,
                why,
                failures = self.failures,
                "Figures could not be exported by OTLP; it is tried again."
            );
        }
    }
}

impl Handler<TaskEnded> for OtlpExporter {
    type Result = ();

    fn handle(&mut self, ended: TaskEnded, _: &mut Ctx<Self>) {
        if ended.name == EXPORT {
            self.busy = false;
        }
    }
}

/// The error and what it comes from: reqwest's own words say little.
fn in_words(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    text
}

fn now() -> u128 {
    // A clock before 1970 is wrong anyway.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_nanos()
}
