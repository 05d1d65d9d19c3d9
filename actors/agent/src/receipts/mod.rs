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
use std::sync::{Arc, PoisonError, RwLock};

/// What a running agent needs to issue receipts.
#[derive(Debug)]
pub(crate) struct Receipts {
    signer: RwLock<Arc<NodeSigner>>,
    pub(crate) keeper: Keeper,
}

impl Receipts {
    /// Reads the node's key and certificate. Blocks.
    ///
    /// # Errors
    /// `SL5007` for the key, `SL8006` for the certificates and the folder.
    pub(crate) fn open(state: &StateDir, identity: &Identity, keep: usize) -> Result<Self, Fault> {
        Ok(Self {
            signer: RwLock::new(Arc::new(NodeSigner::load(state, identity)?)),
            keeper: Keeper::open(state, keep)?,
        })
    }

    /// Who signs now.
    pub(crate) fn signer(&self) -> Arc<NodeSigner> {
        Arc::clone(&self.signer.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The node has another certificate: receipts carry it from now on. Blocks.
    ///
    /// # Errors
    /// `SL5007` for the key, `SL8006` for the certificates.
    pub(crate) fn renewed(&self, state: &StateDir, identity: &Identity) -> Result<(), Fault> {
        let signer = Arc::new(NodeSigner::load(state, identity)?);
        *self.signer.write().unwrap_or_else(PoisonError::into_inner) = signer;
        Ok(())
    }
}
