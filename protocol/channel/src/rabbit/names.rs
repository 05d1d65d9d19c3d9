//! Names of queues: `sluice/{factory}/` and the address behind it, so that one broker can carry several factories and an
//! administrator can give rights by prefix.

use crate::Address;
use lapin::types::ShortString;
use sluice_contract::{Code, FactoryId, Fault};

/// The queue behind an address. The events of all gateways have one.
///
/// # Errors
/// `SL3002` when the name would be longer than a broker takes.
pub(super) fn queue(factory: &FactoryId, address: &Address) -> Result<ShortString, Fault> {
    let address = match address {
        Address::Events { .. } => Address::Events { gateway: None },
        other => other.clone(),
    };
    short(&format!("sluice/{factory}/{address}"))
}

/// Where messages go that nobody can use.
///
/// # Errors
/// As [`queue`].
pub(super) fn dead(factory: &FactoryId) -> Result<ShortString, Fault> {
    short(&format!("sluice/{factory}/dead"))
}

fn short(text: &str) -> Result<ShortString, Fault> {
    ShortString::try_new(text).map_err(|_| {
        Fault::new(
            Code::ChannelRefused,
            format!("the name of a queue is {} bytes long, and 255 is the limit", text.len()),
        )
    })
}
