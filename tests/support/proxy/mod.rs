//! A network that fails on command: a TCP peer between a client and a server ([`Proxy`]), and one in front of an object store
//! that answers requests itself ([`HttpProxy`]).

mod flow;
mod http;

pub use http::{Answer, HttpProxy, Which};

use flow::pass_on;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How the network is at a moment. Connections are numbered from 1 as they come.
#[derive(Clone, Copy, Debug, Default)]
struct Weather {
    /// Those up to this one are silent: they stay open, and nothing moves any more.
    silent: u64,
    /// Those up to this one are reset.
    cut: u64,
    /// Those up to this one have lost their server, and the client is not told.
    orphaned: u64,
    /// Nothing moves at all; it does again when this ends.
    frozen: bool,
    /// Whatever is read is passed on so much later.
    latency: Duration,
    /// Bytes a second and direction; 0 without limit.
    rate: u64,
}

/// What all connections share.
#[derive(Debug)]
struct Shared {
    weather: watch::Sender<Weather>,
    made: AtomicU64,
    open: AtomicI64,
    bytes: AtomicU64,
    /// Bytes that may still pass until the connection that passes them is reset.
    budget: AtomicI64,
    struck: AtomicBool,
    /// New connections are reset at once.
    shut: AtomicBool,
}

/// No budget.
const UNLIMITED: i64 = i64::MAX;

/// A proxy on a free port of the loopback interface, as long as it is not dropped.
#[derive(Debug)]
pub struct Proxy {
    /// Its port on 127.0.0.1.
    pub port: u16,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Passes everything on to a port of 127.0.0.1.
    pub async fn to(server: u16) -> Self {
        Self::start(server)
    }

    /// The same; has to be called on a runtime.
    pub fn start(server: u16) -> Self {
        let socket = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        let port = socket.local_addr().unwrap().port();
        let listener = TcpListener::from_std(socket).unwrap();
        let shared = Arc::new(Shared {
            weather: watch::Sender::new(Weather::default()),
            made: AtomicU64::new(0),
            open: AtomicI64::new(0),
            bytes: AtomicU64::new(0),
            budget: AtomicI64::new(UNLIMITED),
            struck: AtomicBool::new(false),
            shut: AtomicBool::new(false),
        });
        let all = shared.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if all.shut.load(Ordering::SeqCst) {
                    let _ = client.set_zero_linger();
                    continue;
                }
                let number = all.made.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::spawn(pass_on(client, server, number, all.clone()));
            }
        });
        Self {
            port,
            shared,
            accepting,
        }
    }

    /// Connections made so far.
    pub fn connections(&self) -> u64 {
        self.shared.made.load(Ordering::SeqCst)
    }

    /// Connections that are open now.
    pub fn open(&self) -> i64 {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// Bytes passed on so far, both ways.
    pub fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::SeqCst)
    }

    /// All connections that are there fall silent for good; later ones work.
    pub fn hush(&self) {
        let there = self.connections();
        self.change(|weather| weather.silent = there);
    }

    /// All connections that are there are reset; later ones work.
    pub fn cut(&self) {
        let there = self.connections();
        self.change(|weather| weather.cut = there);
    }

    /// Half-open: the server sees all connections that are there closed, the client is not told.
    pub fn orphan(&self) {
        let there = self.connections();
        self.change(|weather| weather.orphaned = there);
    }

    /// A black hole: nothing moves on any connection, new ones included, until [`Proxy::thaw`].
    pub fn freeze(&self) {
        self.change(|weather| weather.frozen = true);
    }

    /// What was frozen moves again, nothing of it lost.
    pub fn thaw(&self) {
        self.change(|weather| weather.frozen = false);
    }

    /// Whatever is read from now on is passed on so much later.
    pub fn delay(&self, latency: Duration) {
        self.change(|weather| weather.latency = latency);
    }

    /// So many bytes a second and direction from now on; 0 without limit.
    pub fn throttle(&self, rate: u64) {
        self.change(|weather| weather.rate = rate);
    }

    /// The connection that passes the last of so many bytes from now on is reset, once.
    pub fn cut_after(&self, bytes: u64) {
        self.shared.struck.store(false, Ordering::SeqCst);
        let budget = i64::try_from(bytes).unwrap_or(UNLIMITED);
        self.shared.budget.store(budget, Ordering::SeqCst);
    }

    /// Whether the budget of [`Proxy::cut_after`] was used up.
    pub fn has_struck(&self) -> bool {
        self.shared.struck.load(Ordering::SeqCst)
    }

    /// New connections are reset at once, until [`Proxy::admit`].
    pub fn refuse(&self) {
        self.shared.shut.store(true, Ordering::SeqCst);
    }

    /// New connections are taken again.
    pub fn admit(&self) {
        self.shared.shut.store(false, Ordering::SeqCst);
    }

    fn change(&self, change: impl FnOnce(&mut Weather)) {
        self.shared.weather.send_modify(change);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}
