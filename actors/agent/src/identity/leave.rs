//! Leaving a gateway: the factory forgets the node, and this machine the factory. The credential keys stay.

use super::{Identity, ask_factory};
use crate::state::{StateDir, StateLock};
use sluice_contract::enrol::NodeAsks;
use sluice_contract::{Code, Fault};
use std::path::PathBuf;

/// What leaving needs.
#[derive(Clone, Debug)]
pub struct LeaveOptions {
    /// The node's state directory.
    pub state_dir: PathBuf,
    /// Whether the node's files are removed also when the factory cannot be asked.
    pub alone: bool,
}

/// Takes the node out of its gateway. Says the gateway's name, and what the factory answered when it did not agree.
///
/// # Errors
/// `SL2005` when no node is registered, `SL2008` when its agent runs, `SL2006` and `SL2021` for the factory unless the node
/// leaves alone, `SL8006` for its files.
pub async fn leave(options: LeaveOptions) -> Result<(String, Option<Fault>), Fault> {
    let state = StateDir::at(&options.state_dir);
    let identity = Identity::load(&state)?;
    let _lock = StateLock::take(&state)?;
    let answer = ask_factory(&state, None, NodeAsks::Leave).await;
    let refused = match answer {
        Ok(_) => None,
        // It was removed there already.
        Err(fault) if fault.code == Code::NodeUnknown => None,
        Err(fault) if options.alone => Some(fault),
        Err(fault) => return Err(fault),
    };
    // This one first: without it the node is not registered.
    let files = [
        state.gateway_file(),
        state.node_key(),
        state.node_certificate(),
        state.broker_file(),
        state.factories_file(),
        state.ca_file(),
    ];
    for file in files {
        match std::fs::remove_file(&file) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(Fault::new(Code::NodeStateFailed, format!("{}: {e}", file.display())));
            }
            _ => {}
        }
    }
    Ok((identity.gateway_name, refused))
}
