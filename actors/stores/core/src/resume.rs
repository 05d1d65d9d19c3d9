//! Going on where an earlier attempt stopped, and sharing one copy among several nodes.
//!
//! A copy moves whole partitions. Where a sink [keeps parts](crate::Sink::parts), every partition that was written ends with
//! [`Writer::finish_part`](crate::Writer::finish_part): from then on its rows lie in the staging, durable, together with a
//! [`Part`] that says what they are; rows behind the last such call are gone when the writer is. The next attempt of the
//! same job asks for the staging of the earlier one ([`Staging::Resume`]), another node of the gateway for that of the
//! node which leads the copy ([`Staging::Join`]).

use crate::CommitKey;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How a source was cut, for another reader of the same rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SourcePlan {
    /// The partitions, in words that only this kind of source understands.
    pub partitions: Value,
    /// The snapshot that all of them see, where another connection can read it too, for as long as the source that made it
    /// is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
}

/// A partition that is whole in a sink's staging.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The partition's label.
    pub label: String,
    /// Its rows, as they were handed to the writer.
    pub rows: u64,
    /// What the copy wants to know of it again, such as its hash. A sink keeps it as it is, up to 64 KiB.
    pub note: String,
}

/// What becomes of a sink's staging place when it is [prepared](crate::Sink::prepare).
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Staging {
    /// A new one; what earlier attempts of the job left behind is removed.
    #[default]
    Fresh,
    /// That of an earlier attempt is taken over: it belongs to the new key from then on, and a writer of the earlier key fails.
    /// What cannot be taken over is removed, and the sink has no [`Part`]s then.
    Resume {
        /// The attempt that made it.
        earlier: CommitKey,
        /// What its sink said in [`Sink::staging_state`](crate::Sink::staging_state); null when it said nothing.
        state: Value,
    },
    /// That which another node made for the same key, and will verify and commit: this sink only writes parts into it.
    Join {
        /// What the other node's sink said in [`Sink::staging_state`](crate::Sink::staging_state).
        state: Value,
    },
}
