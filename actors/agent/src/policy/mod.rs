//! What the administrator of this machine allows the factory to ask for: `policy.toml`. The factory cannot change it, and
//! without the file its defaults count.

mod connecting;
mod file;
mod hosts;
mod judge;
mod keep;
mod paths;
#[cfg(test)]
mod tests;

pub(crate) use connecting::Connecting;
pub use file::Policy;
pub(crate) use judge::Use;
pub(crate) use keep::PolicyKeeper;

use crate::health::{Severity, Topic};
use crate::hub::Hub;
use sluice_contract::job::Endpoint;
use sluice_contract::{Code, Fault};
use sluice_store_core::Reach;
use std::sync::Arc;

/// Judges a linked service by the node's policy as it is now: its type, its secrets, what it wants executed, and where it
/// leads by name. Names are not looked up here: their addresses are judged when they are connected to ([`Connecting`]).
///
/// # Errors
/// `SL5021` with the rule, `SL5022` when the policy cannot be read.
pub(crate) async fn check(hub: &Arc<Hub>, endpoint: &Endpoint, reaches: Vec<Reach>, purpose: Use) -> Result<(), Fault> {
    let (shared, asked, places) = (Arc::clone(hub), endpoint.clone(), reaches);
    let judge = move || {
        let policy = shared.policy.now();
        match &policy {
            Ok(_) => shared.board.clear(&Topic::Policy),
            Err(fault) => shared.board.raise(Topic::Policy, Severity::Error, fault),
        }
        let policy = policy?;
        policy.check_end(shared.state.path(), &asked, &places, purpose)?;
        // A server that stands in the sealed part is judged when the connection is made.
        match places.is_empty() && purpose != Use::Test {
            true => Ok(()),
            false => policy.check_reach(&asked, &places),
        }
    };
    tokio::task::spawn_blocking(judge)
        .await
        .unwrap_or_else(|e| Err(Fault::new(Code::Internal, format!("judging by the policy failed: {e}"))))
}

/// Judges an address that an activity names itself.
///
/// # Errors
/// As [`check`].
pub(crate) async fn check_address(hub: &Arc<Hub>, about: &str, reach: Reach) -> Result<(), Fault> {
    let shared = Arc::clone(hub);
    let policy = tokio::task::spawn_blocking(move || shared.policy.now())
        .await
        .unwrap_or_else(|e| Err(Fault::new(Code::Internal, format!("judging by the policy failed: {e}"))))?;
    policy.check_host(&reach).map_err(|fault| fault.context(about))
}

/// A refusal that names its rule.
fn refused(what: &str, rule: &str) -> Fault {
    Fault::new(Code::PolicyRefused, format!("{what} (rule {rule})"))
}
