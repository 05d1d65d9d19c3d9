//! The HTTP proxy of a node: what goes through it, and what does not.

use crate::network::literal;
use base64::prelude::{BASE64_STANDARD, Engine};
use sluice_contract::{Code, Fault};
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};
use url::Url;
use zeroize::Zeroizing;

/// A proxy, and its login.
#[derive(Clone)]
pub struct Proxy {
    host: String,
    port: u16,
    /// `user:password`.
    login: Option<Zeroizing<String>>,
    bypass: Vec<String>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("place", &self.place())
            .finish_non_exhaustive()
    }
}

impl Proxy {
    /// Reads `http://host:port`.
    ///
    /// # Errors
    /// `SL5033`: only `http://` proxies are spoken to, and a login does not stand in the address.
    pub fn new(address: &str) -> Result<Self, Fault> {
        let invalid = |why: &str| Fault::new(Code::ProxyInvalid, format!("the proxy's address {why}"));
        // The address could hold a password: it is not quoted.
        let url = Url::parse(address.trim()).map_err(|e| invalid(&format!("is none: {e}")))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("has a login in it, which would be kept in clear; use --user"));
        }
        if url.scheme() != "http" {
            return Err(invalid("does not begin with http://"));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("has more in it than a host and a port"));
        }
        let host = url.host_str().ok_or_else(|| invalid("has no host"))?;
        Ok(Self {
            host: host.trim_matches(['[', ']']).to_ascii_lowercase(),
            port: url.port_or_known_default().unwrap_or(80),
            login: None,
            bypass: Vec::new(),
        })
    }

    /// The same with a login.
    ///
    /// # Errors
    /// `SL5033` for a user with a colon in it, which Basic authentication does not carry.
    pub fn with_login(mut self, user: &str, password: &str) -> Result<Self, Fault> {
        if user.contains(':') || user.chars().chain(password.chars()).any(char::is_control) {
            let text = "the proxy's user has a colon, or the login a control character in it";
            return Err(Fault::new(Code::ProxyInvalid, text));
        }
        self.login = Some(Zeroizing::new(format!("{user}:{password}")));
        Ok(self)
    }

    /// The same for all but these hosts: `name`, `.domain` or `*.domain`, an address, a network such as `10.0.0.0/8`; `*` is
    /// every host.
    #[must_use]
    pub fn without(mut self, hosts: &[String]) -> Self {
        self.bypass = hosts
            .iter()
            .map(|host| host.trim().trim_end_matches('.').to_ascii_lowercase())
            .filter(|host| !host.is_empty())
            .collect();
        self
    }

    /// Where it is.
    pub fn place(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// What the header `Proxy-Authorization` says.
    pub(crate) fn authorization(&self) -> Option<Zeroizing<String>> {
        let login = self.login.as_ref()?;
        Some(Zeroizing::new(format!(
            "Basic {}",
            BASE64_STANDARD.encode(login.as_bytes())
        )))
    }

    /// Its address with the login in it, as clients of HTTP take it: not to be shown.
    pub fn url(&self) -> Option<Url> {
        let mut url = Url::parse(&format!("http://{}", self.place())).ok()?;
        if let Some((user, password)) = self.login.as_ref().and_then(|login| login.split_once(':')) {
            url.set_username(user).ok()?;
            url.set_password(Some(password)).ok()?;
        }
        Some(url)
    }

    /// Whether a host is reached through it. The proxy's own name always is: what resolves it is not judged.
    fn serves(&self, host: &str) -> bool {
        let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        let address = literal(&host);
        let passes = |rule: &String| match rule.strip_prefix("*.").or_else(|| rule.strip_prefix('.')) {
            _ if rule == "*" => true,
            Some(domain) => host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')),
            None => host == *rule || address.is_some_and(|address| is_in(rule, address)),
        };
        let itself = address.is_none() && host == self.host;
        itself || !self.bypass.iter().any(passes)
    }
}

/// Whether an address is in a network, or is the one.
fn is_in(network: &str, address: IpAddr) -> bool {
    let (base, bits) = network.split_once('/').unwrap_or((network, ""));
    let Ok(base) = base.parse::<IpAddr>() else { return false };
    let width = if base.is_ipv4() { 32 } else { 128 };
    let bits = if bits.is_empty() {
        Some(width)
    } else {
        bits.parse().ok()
    };
    let Some(bits) = bits.filter(|bits| *bits <= width) else {
        return false;
    };
    match (base, address.to_canonical()) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).checked_shr(32 - bits).unwrap_or(0) == 0,
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).checked_shr(128 - bits).unwrap_or(0) == 0,
        _ => false,
    }
}

/// How a machine is reached.
#[derive(Clone, Debug)]
pub enum Route {
    /// By a connection to it.
    Direct,
    /// Through this proxy.
    Via(Arc<Proxy>),
}

/// The proxy as it is now; may change while connections are made. Clones share it.
#[derive(Clone, Default)]
pub struct ProxyState(Arc<RwLock<State>>);

#[derive(Clone, Default)]
enum State {
    #[default]
    None,
    Set(Arc<Proxy>),
    /// There is one, but its login cannot be read.
    Unusable(Fault),
}

impl fmt::Debug for ProxyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.now() {
            State::None => f.write_str("no proxy"),
            State::Set(proxy) => proxy.fmt(f),
            State::Unusable(fault) => f.debug_tuple("Unusable").field(&fault.code).finish(),
        }
    }
}

impl ProxyState {
    /// From now on this one, or none. With a fault nothing that would go through a proxy is sent at all.
    pub fn set(&self, proxy: Result<Option<Proxy>, Fault>) {
        let state = match proxy {
            Ok(None) => State::None,
            Ok(Some(proxy)) => State::Set(Arc::new(proxy)),
            Err(fault) => State::Unusable(fault),
        };
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// The way to a host.
    ///
    /// # Errors
    /// The fault for which the proxy cannot be used.
    pub fn route(&self, host: &str) -> Result<Route, Fault> {
        match self.now() {
            State::None => Ok(Route::Direct),
            State::Set(proxy) if proxy.serves(host) => Ok(Route::Via(proxy)),
            State::Set(_) => Ok(Route::Direct),
            State::Unusable(fault) => Err(fault),
        }
    }

    /// Whether this is the host of the proxy.
    pub fn is_proxy(&self, host: &str) -> bool {
        matches!(self.now(), State::Set(proxy) if proxy.host() == host)
    }

    fn now(&self) -> State {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
