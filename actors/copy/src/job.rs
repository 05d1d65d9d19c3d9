//! What is copied where.

use crate::{Continuation, CopyOptions, LogStores};
use sluice_store_core::{CommitKey, Connection, SinkRequest, SourceRequest};
use std::fmt;
use std::sync::Arc;

/// One attempt of one copy.
///
/// The requests' `parallel`, and `batch_bytes` when it is 0, are filled in by the copy from its options.
pub struct CopyJob {
    /// The attempt's identity.
    pub key: CommitKey,
    /// The store to read.
    pub source: Arc<dyn Connection>,
    /// What to read there.
    pub source_request: SourceRequest,
    /// The store to write.
    pub sink: Arc<dyn Connection>,
    /// What to write there.
    pub sink_request: SinkRequest,
    /// Where what is left out is taken down.
    pub logs: LogStores,
    /// Parallelism, memory and patience.
    pub options: CopyOptions,
    /// What came before this attempt, and who remembers where it stands.
    pub continuation: Continuation,
}

impl fmt::Debug for CopyJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyJob")
            .field("key", &self.key)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
