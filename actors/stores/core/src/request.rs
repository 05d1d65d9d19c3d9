//! What a copy asks of a connection.

use crate::{Rejects, SourcePlan, Staging};
use sluice_contract::Object;

/// What to read.
#[derive(Clone, Debug, Default)]
pub struct SourceRequest {
    /// The dataset's `type`.
    pub dataset_kind: String,
    /// The dataset's `typeProperties`.
    pub dataset: Object,
    /// The activity's `source` object.
    pub activity: Object,
    /// The activity's `translator`, empty when there is none: for a source of documents, which makes its columns of the
    /// paths of `mappings`. The copy fills it in, and maps the columns itself behind the source.
    pub translator: Object,
    /// At most this many partitions are read at the same time; a source need not make more.
    pub parallel: usize,
    /// Bytes of Arrow memory that one batch should stay under.
    pub batch_bytes: usize,
    /// Leaves out rows, and files, that cannot be understood; without it they end the copy.
    pub rejects: Option<Rejects>,
    /// The partitions are to be these, of an earlier [`crate::Source::plan`]; with a snapshot in it, in that snapshot.
    pub plan: Option<SourcePlan>,
}

/// What to write.
#[derive(Clone, Debug, Default)]
pub struct SinkRequest {
    /// The dataset's `type`.
    pub dataset_kind: String,
    /// The dataset's `typeProperties`.
    pub dataset: Object,
    /// The activity's `sink` object.
    pub activity: Object,
    /// At most this many writers at the same time.
    pub parallel: usize,
    /// Bytes that the sink may gather before it writes them, such as a row group; 0 when nobody says. What it was given by
    /// [`crate::Writer::write`] and has not returned from is not counted.
    pub memory: usize,
    /// The name to give a file when the dataset names none, without extension.
    pub default_name: String,
    /// For every partition of the source the file that its rows go into: a path below the dataset's folder, without the ending.
    /// Empty when all rows go into one. Only for stores of files; [`crate::Writer::begin`] says which partition comes.
    pub files: Vec<String>,
    /// Leaves out rows that the store does not take; without it they end the copy.
    pub rejects: Option<Rejects>,
    /// Where it stages.
    pub staging: Staging,
    /// Another attempt could go on with what this one has staged, so parts are worth keeping even where a way without them
    /// is faster.
    pub resumable: bool,
    /// What is staged will be asked for by [`crate::Sink::read_back`] before the commit, so it should be where it can be read
    /// even where another way is faster.
    pub reads_back: bool,
}
