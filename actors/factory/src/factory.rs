//! A factory: started from its options, running until it is shut down.

use crate::access::{ADMIN, Attempts, Scope};
use crate::app::App;
use crate::flow::trigger::Clock;
use crate::flow::{COMPONENTS, Handles, Post};
use crate::line::{BrokerLine, Line};
use crate::live::Live;
use crate::options::FactoryOptions;
use crate::page::Tickets;
use crate::pki::{Ca, ServerIdentity, WrappingKey, amqp_config, files, rest_config};
use crate::registry::Registry;
use crate::replicas::{self, Keys, Replicas};
use crate::rest::{RestServer, Server, ServerOptions, Serving, router};
use crate::state::grants::Grant;
use crate::state::{State, StateLock, meta, nodes, tokens};
use crate::wire::{now, random_text};
use sluice_channel::{Embedded, EmbeddedOptions};
use sluice_contract::{Code, FactoryId, Fault};
use sluice_runtime::{Placement, Root};
use sluice_web::Reach;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The longest that a node may take to connect.
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// The id of the component that serves REST and the page.
const REST: &str = "factory/rest";

/// A running factory.
pub struct Factory {
    app: Arc<App>,
    state_dir: PathBuf,
    amqp: SocketAddr,
}

impl Factory {
    /// Opens the state (made at the first start), listens on both addresses and starts the components.
    ///
    /// # Errors
    /// `SL1006` when an address is taken, `SL1002` for a host name that no certificate can carry, `SL9015` when another
    /// factory uses the directory, `SL9013` when other factories on its database have other keys, `SL9001` when the state cannot
    /// be opened.
    pub async fn start(options: FactoryOptions, root: &Root) -> Result<Factory, Fault> {
        files::private_dir(&options.state_dir)?;
        let dir = options.state_dir.as_path();
        let state = State::open(dir, &options.state, Some(StateLock::take(dir)?)).await?;
        let deployment = deployment(&state).await?;
        let keys = Keys::of(dir, options.broker.is_some());
        if state.is_shared() {
            keys.check(&state).await?;
        }
        let ca = Ca::open(dir, &deployment)?;
        let identity = ServerIdentity::open(dir, &ca, &names(&options))?;
        admin_token(dir, &state).await?;
        let registry = Arc::new(registry(&state).await?);
        let server = Server::bind(ServerOptions {
            listen: options.rest_listen,
            tls: rest_config(&identity)?,
        })
        .await?;
        let rest = server.address()?;
        let host = host(&options.public_host);
        let (line, amqp, amqp_endpoint) = match &options.broker {
            Some(broker) => {
                let line = BrokerLine::open(dir, &deployment, broker, &options.timings, registry.clone())?;
                (
                    Line::Broker(Box::new(line)),
                    options.amqp_listen,
                    broker.address.endpoint(),
                )
            }
            None => {
                let amqp_options = EmbeddedOptions {
                    listen: options.amqp_listen,
                    tls: amqp_config(&identity, &ca)?,
                    idle_timeout: options.timings.idle,
                    deadline: CONNECT_DEADLINE,
                };
                let embedded = Embedded::bind(amqp_options, registry.clone()).await?;
                let amqp = embedded.local_addr();
                (Line::Own(embedded), amqp, format!("{host}:{}", amqp.port()))
            }
        };
        let rest_url = format!("https://{host}:{}", rest.port());
        let app = Arc::new(App {
            deployment,
            replicas: Replicas::new(state.is_shared(), rest_url.clone(), amqp_endpoint.clone()),
            rest_url,
            rest_endpoint: format!("{host}:{}", rest.port()),
            amqp_endpoint,
            root: root.clone(),
            timings: options.timings,
            clock: Clock::default(),
            state,
            wrapping: WrappingKey::open(dir)?,
            ca,
            registry,
            reach: Reach::factory(options.web_allow.clone()),
            live: Live::default(),
            post: Post::new(line.channel()),
            line,
            registrations: Attempts::new(Code::TooManyAttempts, "registrations", 10),
            logins: Attempts::new(Code::TooManyLogins, "logins", 10),
            accounts: Attempts::new(Code::TooManyLogins, "logins", 20),
            tickets: Tickets::default(),
            stopping: CancellationToken::new(),
            handles: OnceLock::new(),
        });
        if app.replicas.is_shared() {
            keys.publish(&app.state).await?;
            replicas::beat(&app).await?;
        }
        // Cannot have been set: nobody else has this value yet.
        let _ = app.handles.set(Handles::start(root, &app));
        let weak = Arc::downgrade(&app);
        root.add_figures(move |text| {
            if let Some(app) = weak.upgrade() {
                crate::line::figures(&app, text);
            }
        });
        // Last: with it the first requests come in.
        let serving = Serving {
            server: Arc::new(server),
            router: router(app.clone()),
        };
        root.supervise::<RestServer>(REST, serving, Placement::Shared("factory"));
        tracing::info!(rest = %app.rest_url, amqp = %app.amqp_endpoint, "The factory is ready");
        Ok(Factory {
            app,
            state_dir: options.state_dir,
            amqp,
        })
    }

    /// `https://host:port` of the REST interface and the page.
    pub fn rest_url(&self) -> String {
        self.app.rest_url.clone()
    }

    /// The id of this deployment, the same for as long as its state directory.
    pub fn deployment(&self) -> &str {
        &self.app.deployment
    }

    /// What carries the control channel, and where.
    pub fn channel(&self) -> String {
        let state = self.app.line.state();
        match state.kind {
            "embedded" => state.address,
            kind => format!("{} ({kind})", state.address),
        }
    }

    /// Where the control channel listens; where it would listen without a broker.
    pub fn amqp_addr(&self) -> SocketAddr {
        self.amqp
    }

    /// The CA certificate that clients have to trust, PEM.
    pub fn ca_file(&self) -> PathBuf {
        self.state_dir.join("ca.pem")
    }

    /// The administrator's API token.
    pub fn admin_token_file(&self) -> PathBuf {
        self.state_dir.join("admin.token")
    }

    /// A link that logs one browser in, once, within ten minutes.
    pub fn login_link(&self) -> String {
        self.app.tickets.link(&self.app.rest_url)
    }

    /// Stops in good order: no new request, running ones end, nodes are told, the database is closed. Jobs go on at their
    /// nodes, within their leases.
    pub async fn shutdown(self) {
        self.app.stopping.cancel();
        let root = &self.app.root;
        for id in COMPONENTS.into_iter().chain([REST]).rev() {
            if let Some((took, false)) = root.retire(id).await {
                tracing::warn!(id, took_ms = took.as_millis(), "A component did not stop in time");
            }
        }
        self.app.line.shutdown().await;
        if let Err(fault) = replicas::leave(&self.app).await {
            tracing::warn!(%fault, "The other replicas were not told of the end of this one");
        }
        self.app.state.close().await;
        tracing::info!("The factory has stopped");
    }
}

#[cfg(test)]
impl Factory {
    /// What its parts share.
    pub(crate) fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Its database.
    pub(crate) fn state(&self) -> &State {
        &self.app.state
    }

    /// The time that its triggers go by.
    pub(crate) fn clock(&self) -> &Clock {
        &self.app.clock
    }

    /// The sealed credential of a linked service of the only data factory, whichever gateway it is for.
    pub(crate) async fn sealed(&self, name: &str) -> Option<String> {
        use crate::state::documents::{self, DocumentKind};
        let mut conn = self.app.state.read().await.unwrap();
        let id: String = sqlx::query_scalar("SELECT id FROM factories")
            .fetch_one(&mut *conn)
            .await
            .unwrap();
        let row = documents::find(&mut conn, &id, DocumentKind::LinkedService, name)
            .await
            .unwrap()?;
        row.sealed.into_values().next()
    }
}

impl std::fmt::Debug for Factory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Factory")
            .field("rest", &self.app.rest_url)
            .finish_non_exhaustive()
    }
}

/// An IPv6 address goes into brackets in a URL.
fn host(name: &str) -> String {
    match name.parse::<std::net::Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => name.to_owned(),
    }
}

fn names(options: &FactoryOptions) -> BTreeSet<String> {
    let fixed = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let given = options.names.iter().cloned().chain([options.public_host.clone()]);
    given
        .chain(fixed)
        // Addresses in the one spelling that a certificate gives back.
        .map(|name| {
            name.parse::<std::net::IpAddr>()
                .map_or(name, |address| address.to_string())
        })
        .collect()
}

async fn deployment(state: &State) -> Result<String, Fault> {
    let mut tx = state.write().await?;
    let id = meta::get_or_set(&mut tx, "deployment", FactoryId::generate().as_str()).await?;
    tx.commit().await?;
    Ok(id)
}

/// Makes the administrator's token at the first start. The file is the only place that has it in clear; whoever deletes
/// the file gets a new token at the next start, and the old one is revoked.
async fn admin_token(dir: &Path, state: &State) -> Result<(), Fault> {
    let file = dir.join("admin.token");
    let token = match files::read_private_text(&file)? {
        Some(token) => token.trim().to_owned(),
        None => {
            let token = random_text()?;
            files::write_private(&file, format!("{token}\n").as_bytes())?;
            token
        }
    };
    let mut tx = state.write().await?;
    let grant = Grant {
        name: ADMIN.to_owned(),
        scope: Scope::Admin.as_str().to_owned(),
        within: String::new(),
        created: now(),
        expires: None,
    };
    tokens::replace(&mut tx, &token, &grant).await?;
    tx.commit().await
}

async fn registry(state: &State) -> Result<Registry, Fault> {
    let registry = Registry::default();
    let mut conn = state.read().await?;
    for node in nodes::all(&mut conn).await? {
        registry.add(&node);
    }
    for old in nodes::superseded(&mut conn).await? {
        registry.add_superseded(&old);
    }
    Ok(registry)
}
