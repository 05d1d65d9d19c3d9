//! Who may ask: nothing from another page, nothing under another name, and only with the code.

use super::Served;
use super::code;
use axum::http::{HeaderMap, header};
use sluice_contract::{Code, Fault};
use std::net::IpAddr;
use std::time::Duration;

/// A wrong code costs this much time.
const WRONG: Duration = Duration::from_secs(1);

/// Refuses a request under a name that is not this machine's (a page that had its own name point here), and one that
/// another page sends.
///
/// # Errors
/// `SL2022`.
pub(super) fn check_names(served: &Served, headers: &HeaderMap) -> Result<(), Fault> {
    let refused = |why: &str| Fault::new(Code::EndpointRefused, why);
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).ok_or_else(|| refused("the request names no host"))?;
    if !is_ours(served, host) {
        return Err(refused("the request is for another host"));
    }
    match text(header::ORIGIN) {
        Some(origin) if origin != format!("https://{host}") => Err(refused("the request comes from another page")),
        _ => Ok(()),
    }
}

fn is_ours(served: &Served, host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, _)) => name,
        None => host.split(':').next().unwrap_or_default(),
    };
    let machine = crate::machine::name();
    name.eq_ignore_ascii_case("localhost")
        || name.eq_ignore_ascii_case(&machine)
        || name
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback() || address == served.address.ip())
}

/// Refuses a wrong code.
///
/// # Errors
/// `SL2022`.
pub(super) async fn check_code(served: &Served, given: &str) -> Result<(), Fault> {
    if code::is_right(&served.code, given) {
        return Ok(());
    }
    tokio::time::sleep(WRONG).await;
    tracing::warn!("A request with a wrong access code was refused.");
    Err(Fault::new(Code::EndpointRefused, "the access code is missing or wrong"))
}
