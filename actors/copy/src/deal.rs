//! Who reads which partition: this node's workers, or other nodes of the gateway, too.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sluice_contract::Fault;
use sluice_store_core::{Part, SourcePlan};

/// A planned copy, as another node needs to know it to take part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SharedCopy {
    /// How the source is cut, and the snapshot that is read.
    pub plan: SourcePlan,
    /// What the sink says of its staging.
    pub staging: Value,
    /// The labels of all partitions, in their order: whoever joins compares them with its own.
    pub labels: Vec<String>,
    /// The partitions that are still to be read, by their places.
    pub open: Vec<usize>,
    /// Whether the rows pass through in the source's own encoding; every node has to do it in the same way, for their hashes
    /// are added.
    pub native: bool,
}

/// What a worker is told to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Deal {
    /// Read this partition.
    Read(usize),
    /// Nothing is left, and every partition is whole in the staging. These were written by others.
    Over(Vec<(usize, Part)>),
}

/// Hands out the partitions of one copy.
#[async_trait]
pub trait Dealer: Send + Sync {
    /// The copy is planned and its staging is ready; asked once, before anything is handed out.
    ///
    /// # Errors
    /// `SL70xx` when nothing can be handed out.
    async fn begin(&self, copy: SharedCopy) -> Result<(), Fault>;

    /// The next partition. Waits while others hold the last ones: they may come back.
    ///
    /// # Errors
    /// `SL70xx`.
    async fn next(&self) -> Result<Deal, Fault>;

    /// A partition is whole in the staging.
    ///
    /// # Errors
    /// `SL70xx`.
    async fn finished(&self, place: usize, part: &Part) -> Result<(), Fault>;

    /// Whether it is waiting for other nodes: that is no standstill of this copy.
    fn is_waiting(&self) -> bool {
        false
    }
}
