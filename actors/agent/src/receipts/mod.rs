//! Receipts: every finished copy is written down, signed by the node, and can be checked by anybody who knows the factory.

mod issue;
mod keep;
mod sign;
#[cfg(test)]
mod tests;
mod verify;

pub(crate) use issue::issue;
pub(crate) use keep::{KEEP, Keeper};
pub use keep::{Kept, list, read};
pub(crate) use sign::NodeSigner;
pub use verify::{Genuine, Trust, fingerprint, open, verify};

use crate::identity::Identity;
use crate::state::StateDir;
use sluice_contract::Fault;

/// What a running agent needs to issue receipts.
#[derive(Debug)]
pub(crate) struct Receipts {
    pub(crate) signer: NodeSigner,
    pub(crate) keeper: Keeper,
}

impl Receipts {
    /// Reads the node's key and certificate. Blocks.
    ///
    /// # Errors
    /// `SL5007` for the key, `SL8006` for the certificates and the folder.
    pub(crate) fn open(state: &StateDir, identity: &Identity, keep: usize) -> Result<Self, Fault> {
        Ok(Self {
            signer: NodeSigner::load(state, identity)?,
            keeper: Keeper::open(state, keep)?,
        })
    }
}
