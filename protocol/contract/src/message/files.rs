//! Looking which files of a store are there, for triggers of files that come and go.

use crate::Object;
use crate::fault::Fault;
use crate::job::Endpoint;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// `files.look`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FilesLook {
    /// The look; every part of the answer names it.
    pub look: String,
    /// The store, with its sealed credential.
    pub endpoint: Endpoint,
    /// Container, bucket or first folder.
    #[serde(default)]
    pub container: String,
    /// What the paths in it begin with.
    #[serde(default)]
    pub begins: String,
    /// What the paths end with.
    #[serde(default)]
    pub ends: String,
    /// More files than this are too many.
    pub most: u32,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// `files.seen`: a part of what is there. Each part stands for itself: it names all files behind `after` up to `until`, so
/// that it does not matter in which order parts come, how often, or whether one is lost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FilesSeen {
    /// The look that it belongs to.
    pub look: String,
    /// Its place, from 0.
    pub part: u32,
    /// How many parts the look has.
    pub of: u32,
    /// Only paths behind this one, byte by byte; without it from the first on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Only paths up to this one; without it up to the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The files, in the order of their paths.
    #[serde(default)]
    pub files: Vec<FileSeen>,
    /// Files whose paths are longer than [`FileSeen::LONGEST`], and that are not named.
    #[serde(default)]
    pub left_out: u32,
    /// Why the look failed; then nothing is said of any file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

/// A file, as it is now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FileSeen {
    /// Container and path, or its path below the root.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Changes when its content changes.
    #[serde(default)]
    pub version: String,
    /// When it was changed last, by the store's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<DateTime<Utc>>,
    /// Members of a newer version, kept.
    #[serde(flatten)]
    pub extra: Object,
}

impl FileSeen {
    /// Bytes of the longest path that is watched: the longest of Amazon S3, and what fits into an index.
    pub const LONGEST: usize = 1024;
}
