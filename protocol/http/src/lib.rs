//! Clients of HTTP that connect to nothing but what was judged.
//!
//! The client asks [`Names`] for the addresses of a name, which judges them, and connects to these. It does not ask about
//! addresses that stand in a URL, and it does not tell the port: so a [`Guard`] is asked about each URL before it is
//! requested, and about each that an answer redirects to.

#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(test)]
mod tests;

use reqwest::ClientBuilder;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::{Attempt, Policy};
use sluice_contract::{Code, Fault};
use sluice_net::{Network, Route, literal};
use std::collections::{BTreeSet, HashMap};
use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;

/// Answers that send a request on.
const REDIRECTS: usize = 10;

/// Is asked about every URL before it is requested.
#[derive(Clone, Debug)]
pub struct Guard {
    network: Network,
    /// The ports that are asked for, by name.
    ports: Arc<Mutex<HashMap<String, BTreeSet<u16>>>>,
}

/// What makes a client, and the guard that has to be asked before each request. Redirects are followed to where the judge
/// lets them; the proxy is the node's own, whatever the environment says.
pub fn client(network: &Network) -> (ClientBuilder, Guard) {
    let guard = Guard {
        network: network.clone(),
        ports: Arc::default(),
    };
    let builder = ClientBuilder::new()
        .no_proxy()
        .dns_resolver(Arc::new(Names(guard.clone())))
        .redirect(guard.redirects())
        .proxy(guard.proxy());
    (builder, guard)
}

impl Guard {
    /// Whether a URL may be requested: by its host where that is an address or a proxy looks it up; the addresses of other
    /// names are judged when they are connected to.
    ///
    /// # Errors
    /// `SL5021`, `SL5022`; `SL5020` when there is a proxy whose login is locked up.
    pub async fn permit(&self, url: &Url) -> Result<(), Fault> {
        let guard = self.clone();
        let url = url.clone();
        tokio::task::spawn_blocking(move || guard.permit_now(&url))
            .await
            .unwrap_or_else(|e| Err(Fault::new(Code::Internal, format!("judging an address failed: {e}"))))
    }

    /// The same at once; may read a small file.
    ///
    /// # Errors
    /// As [`Guard::permit`].
    pub fn permit_now(&self, url: &Url) -> Result<(), Fault> {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let port = url.port_or_known_default();
        let address = literal(host);
        match self.network.proxy().route(host)? {
            Route::Via(_) => self
                .network
                .permit_now(host, port, address.as_ref().map(std::slice::from_ref)),
            Route::Direct => match address {
                Some(address) => self.network.permit_now(host, port, Some(&[address])),
                None => {
                    let mut ports = self.ports.lock().unwrap_or_else(PoisonError::into_inner);
                    ports.entry(host.to_owned()).or_default().extend(port);
                    Ok(())
                }
            },
        }
    }

    /// Follows redirects to where the judge lets them.
    pub fn redirects(&self) -> Policy {
        let guard = self.clone();
        Policy::custom(move |attempt: Attempt<'_>| match guard.permit_now(attempt.url()) {
            Err(fault) => attempt.error(fault),
            Ok(()) if attempt.previous().len() > REDIRECTS => attempt.error("too many redirects"),
            Ok(()) => attempt.follow(),
        })
    }

    fn proxy(&self) -> reqwest::Proxy {
        let state = self.network.proxy().clone();
        reqwest::Proxy::custom(move |url| {
            match state.route(url.host_str()?) {
                Ok(Route::Via(proxy)) => proxy.url(),
                // A proxy that cannot be used has been refused by the guard.
                Ok(Route::Direct) | Err(_) => None,
            }
        })
    }
}

/// Looks names up, and gives out what was judged.
struct Names(Guard);

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.0.clone();
        Box::pin(async move {
            let found = judged(&guard, name.as_str()).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

async fn judged(guard: &Guard, name: &str) -> Result<Vec<SocketAddr>, Fault> {
    let found = guard.network.lookup(name).await?;
    // Only ever asked for on the way to the proxy: requests to its own host go through it, too.
    if !guard.network.proxy().is_proxy(name) {
        let ports: Vec<u16> = {
            let ports = guard.ports.lock().unwrap_or_else(PoisonError::into_inner);
            ports.get(name).into_iter().flatten().copied().collect()
        };
        if ports.is_empty() {
            let text = format!("resolving {name}: nobody has asked whether it may be called");
            return Err(Fault::new(Code::StoreUnreachable, text));
        }
        for port in ports {
            let answer = guard.network.permit(name, port, &found).await;
            if answer.is_err() {
                // One port that is refused does not spoil the others for ever.
                guard.ports.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
            }
            answer?;
        }
    }
    Ok(found.into_iter().map(|address| SocketAddr::new(address, 0)).collect())
}

/// The fault of a judge, a look-up or a proxy in what caused an error of HTTP.
pub fn fault_in(error: &(dyn Error + 'static)) -> Option<Fault> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(fault) = error.downcast_ref::<Fault>() {
            return Some(fault.clone());
        }
        // What the client of HTTP says of a proxy has no type that others may know.
        if let Some(why) = error.to_string().strip_prefix("tunnel error: ") {
            let code = match why.contains("authorization") {
                true => Code::ProxyLogin,
                false => Code::ProxyFailed,
            };
            return Some(Fault::new(code, format!("the proxy: {why}")));
        }
        // An I/O error's source is its inner error's source: the inner error itself would be passed over.
        next = match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}
