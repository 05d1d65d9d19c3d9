//! Nodes of one gateway share the partitions of one copy. One node leads: it holds the job's lease, deals out partitions,
//! verifies and commits. Others help: they write partitions into its staging. They talk by way of the factory, which passes on
//! only between the node that holds the job and nodes of the same gateway.

use crate::Object;
use crate::ids::NodeId;
use crate::job::JobSpec;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `copy.share`. The envelope names job, attempt and token of the copy: those of the node that leads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Up: the node it is for; none for the one that leads, or for whoever has a free place. Down: the node it is from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeId>,
    /// What is said.
    pub talk: Talk,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// What is said about a shared copy. Every question is repeated until it is answered, under the same number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "camelCase")]
#[allow(clippy::large_enum_variant)]
pub enum Talk {
    /// The leader: there are partitions for others. The factory invites nodes with a free place.
    Offer {
        /// How source and staging are to be joined, in words of the copy.
        copy: Value,
    },
    /// The factory, to a node with a free place.
    Invite {
        /// The job.
        spec: JobSpec,
        /// As it was offered.
        copy: Value,
    },
    /// A helper: which partition is next?
    Ask {
        /// The question's number, of this helper and this copy.
        number: u64,
    },
    /// The leader: this one.
    Read {
        /// The question's number.
        number: u64,
        /// The partition's place.
        place: u64,
    },
    /// The leader: none is left.
    Over {
        /// The question's number.
        number: u64,
    },
    /// A helper: this partition is whole in the staging.
    Finished {
        /// The partition's place.
        place: u64,
        /// What is noted with it there.
        part: Value,
    },
    /// The leader: it is noted.
    Noted {
        /// The partition's place.
        place: u64,
    },
    /// Either side: still there.
    Alive,
    /// A helper: it does not take part any more, and writes nothing from now on.
    Leave {
        /// Why, for people.
        reason: String,
    },
    /// The leader, or the factory in its place: the copy is over, or led by another attempt.
    End,
}
