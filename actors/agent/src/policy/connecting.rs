//! What the policy says of a connection that is about to be made: to these addresses, at this moment.

use super::{PolicyKeeper, hosts};
use sluice_contract::Fault;
use sluice_net::Judge;
use std::net::IpAddr;
use std::sync::Arc;

/// Judges connections by the policy as it is when they are made.
pub(crate) struct Connecting(pub(crate) Arc<PolicyKeeper>);

impl Judge for Connecting {
    fn judge(&self, host: &str, port: Option<u16>, addresses: Option<&[IpAddr]>) -> Result<(), Fault> {
        let policy = self.0.now()?;
        let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        // What a proxy looks up is judged by its name alone.
        hosts::judge(&policy, &host, port, addresses.unwrap_or_default())
    }
}
