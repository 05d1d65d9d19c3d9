//! Looking up, asking, connecting.

use crate::proxy::{ProxyState, Route};
use crate::tunnel;
use crate::{Lookup, SystemLookup};
use sluice_contract::{Code, Fault};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The longest that a name is looked up for.
const LOOKUP: Duration = Duration::from_secs(15);

/// Decides which machines are connected to.
pub trait Judge: Send + Sync {
    /// Whether a machine may be connected to, by its name and by every address that it has; `None` where the addresses are
    /// not known, because a proxy looks the name up. May read a small file.
    ///
    /// # Errors
    /// `SL5021` with the rule, `SL5022` when the rules cannot be read.
    fn judge(&self, host: &str, port: Option<u16>, addresses: Option<&[IpAddr]>) -> Result<(), Fault>;
}

/// Allows everything: for what an administrator has named himself.
struct Anything;

impl Judge for Anything {
    fn judge(&self, _: &str, _: Option<u16>, _: Option<&[IpAddr]>) -> Result<(), Fault> {
        Ok(())
    }
}

/// Allows what both do.
struct Both(Arc<dyn Judge>, Arc<dyn Judge>);

impl Judge for Both {
    fn judge(&self, host: &str, port: Option<u16>, addresses: Option<&[IpAddr]>) -> Result<(), Fault> {
        self.0.judge(host, port, addresses)?;
        self.1.judge(host, port, addresses)
    }
}

/// The way to other machines. Clones are the same.
#[derive(Clone)]
pub struct Network(Arc<Inner>);

struct Inner {
    judge: Arc<dyn Judge>,
    lookup: Arc<dyn Lookup>,
    proxy: ProxyState,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network")
            .field("proxy", &self.0.proxy)
            .finish_non_exhaustive()
    }
}

impl Network {
    /// A network in which somebody is asked.
    pub fn new(judge: Arc<dyn Judge>, lookup: Arc<dyn Lookup>, proxy: ProxyState) -> Self {
        Self(Arc::new(Inner { judge, lookup, proxy }))
    }

    /// One in which nobody is asked, without a proxy: for what the user of a command names himself.
    pub fn open() -> Self {
        Self::trusted(ProxyState::default())
    }

    /// One in which nobody is asked, with the node's proxy: for the way to the factory.
    pub fn trusted(proxy: ProxyState) -> Self {
        Self::new(Arc::new(Anything), Arc::new(SystemLookup), proxy)
    }

    /// The same, but a second judge has to agree.
    #[must_use]
    pub fn and(&self, judge: Arc<dyn Judge>) -> Self {
        let both = Both(Arc::clone(&self.0.judge), judge);
        Self::new(Arc::new(both), Arc::clone(&self.0.lookup), self.0.proxy.clone())
    }

    /// The addresses of a machine, looked up once and judged. Who connects, connects to one of these.
    ///
    /// # Errors
    /// `SL6001` when the name has no address, `SL5021` and `SL5022` of the [`Judge`].
    pub async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Fault> {
        let found = self.resolve(host, Some(port)).await?;
        Ok(found
            .into_iter()
            .map(|address| SocketAddr::new(address, port))
            .collect())
    }

    /// The same where the port is still to be found out: whoever knows it then asks with [`Network::permit`].
    ///
    /// # Errors
    /// As [`Network::addresses`].
    pub async fn resolve(&self, host: &str, port: Option<u16>) -> Result<Vec<IpAddr>, Fault> {
        let found = self.lookup(host).await?;
        self.ask(host, port, Some(found.clone())).await?;
        Ok(found)
    }

    /// Whether these addresses, of this name, may be connected to at this port.
    ///
    /// # Errors
    /// `SL5021` and `SL5022` of the [`Judge`].
    pub async fn permit(&self, host: &str, port: u16, addresses: &[IpAddr]) -> Result<(), Fault> {
        self.ask(host, Some(port), Some(addresses.to_vec())).await
    }

    /// A connection to a machine: to one of the addresses that were judged.
    ///
    /// # Errors
    /// As [`Network::addresses`], and `SL6001` when none of them takes it.
    pub async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, Fault> {
        let addresses = self.addresses(host, port).await?;
        TcpStream::connect(addresses.as_slice())
            .await
            .map_err(|error| unreachable(format!("{host}:{port}: {error}")))
    }

    /// A connection to a machine for what is TLS from its first byte: through the proxy, where there is one for it.
    ///
    /// # Errors
    /// As [`Network::connect`]; `SL5031` and `SL5032` of the proxy, `SL5020` where its login is locked up.
    pub async fn tunnel(&self, host: &str, port: u16) -> Result<TcpStream, Fault> {
        match self.0.proxy.route(host)? {
            Route::Direct => self.connect(host, port).await,
            Route::Via(proxy) => {
                self.ask(host, Some(port), literal(host).map(|address| vec![address]))
                    .await?;
                tunnel::open(&proxy, host, port).await
            }
        }
    }

    /// The proxy.
    pub fn proxy(&self) -> &ProxyState {
        &self.0.proxy
    }

    /// The addresses of a name, or the one that it is, and nobody is asked: that is left to the caller.
    ///
    /// # Errors
    /// `SL6001`.
    pub async fn lookup(&self, host: &str) -> Result<Vec<IpAddr>, Fault> {
        if let Some(address) = literal(host) {
            return Ok(vec![address]);
        }
        let failed = |why: &dyn fmt::Display| unreachable(format!("resolving {host}: {why}"));
        let found = timeout(LOOKUP, self.0.lookup.addresses(host)).await;
        let found = found
            .map_err(|_| failed(&"no answer in time"))?
            .map_err(|error| failed(&error))?;
        match found.is_empty() {
            true => Err(failed(&"it has no address")),
            false => Ok(found),
        }
    }

    /// Asks the judge, where it blocks nobody.
    async fn ask(&self, host: &str, port: Option<u16>, addresses: Option<Vec<IpAddr>>) -> Result<(), Fault> {
        let (judge, host) = (Arc::clone(&self.0.judge), host.to_owned());
        let judged = tokio::task::spawn_blocking(move || judge.judge(&host, port, addresses.as_deref()));
        judged
            .await
            .unwrap_or_else(|e| Err(Fault::new(Code::Internal, format!("judging a host failed: {e}"))))
    }

    /// Asks the judge at once, for the few who cannot wait; may read a small file.
    ///
    /// # Errors
    /// `SL5021` and `SL5022` of the [`Judge`].
    pub fn permit_now(&self, host: &str, port: Option<u16>, addresses: Option<&[IpAddr]>) -> Result<(), Fault> {
        self.0.judge.judge(host, port, addresses)
    }
}

/// The address that a host is, if it is no name.
pub fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

pub(crate) fn unreachable(text: String) -> Fault {
    Fault::new(Code::StoreUnreachable, text)
}
