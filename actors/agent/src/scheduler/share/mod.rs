//! Partitions of one large copy, shared by the nodes of the gateway. One node leads: it holds the job's lease, deals the
//! partitions out ([`Table`]), verifies and commits. Others help: they write partitions into its staging ([`Help`]). They
//! talk by way of the factory, in words that may get lost and are said again.
//!
//! A helper that is not heard of loses its partitions to somebody else; before that it has stopped by itself, as it did not
//! hear of the leader either. If both write a partition all the same, the sink takes it once: it keeps parts by their names.

mod helper;
mod leader;

pub(crate) use helper::{Help, Helpers, Invited, run};
pub(crate) use leader::Table;

use crate::hub::Hub;
use sluice_contract::message::{Share, Talk};
use sluice_contract::{JobId, Message as Wire, NodeId, Object};
use std::time::Duration;

/// A question without an answer is asked again after this.
const AGAIN: Duration = Duration::from_secs(3);
/// How often either side says that it is there.
const ALIVE: Duration = Duration::from_secs(5);
/// A helper that did not hear of the leader for this long stops.
const SILENCE: Duration = Duration::from_secs(20);
/// The leader deals a helper's partitions out again after this, with time for it to have stopped.
const GONE: Duration = Duration::from_secs(45);
/// How often it is looked for nodes that could help.
const OFFER: Duration = Duration::from_secs(5);
/// Fewer partitions are not worth another node.
const WORTH: usize = 3;

/// Which copy is talked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) job: JobId,
    pub(crate) attempt: u32,
    pub(crate) token: u64,
}

impl About {
    fn say(&self, hub: &Hub, to: Option<&NodeId>, talk: Talk) {
        let message = Wire::CopyShare(Share {
            node: to.cloned(),
            talk,
            extra: Object::new(),
        });
        let envelope = hub.envelope(&message);
        hub.send(envelope.job(self.job.clone(), self.attempt, Some(self.token)));
    }
}
