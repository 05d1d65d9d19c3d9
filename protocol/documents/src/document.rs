//! One document, and where it was written.

use crate::text::{Path, Place, locate};
use crate::{Contract, Kind};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;

/// A document as it would be sent. Its `Debug` shows no content: there may be passwords in it.
#[derive(Clone)]
pub struct Document {
    /// What it is.
    pub kind: Kind,
    /// Whose words it uses.
    pub contract: Contract,
    /// Its name.
    pub name: String,
    /// `{"properties": {..}}` and what else was written beside it.
    pub body: Value,
    /// Where it was written.
    pub origin: Origin,
    /// Template expressions in it that could not be computed, such as parameters without a value: where, and why.
    pub open: Vec<(Path, String)>,
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} {} {:?} of {:?}",
            self.contract, self.kind, self.name, self.origin
        )
    }
}

/// A file, and the place of a document in it.
#[derive(Clone)]
pub struct Origin {
    file: Arc<str>,
    text: Arc<str>,
    base: Path,
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.file, self.base)
    }
}

impl Origin {
    pub(crate) fn new(file: &str, text: &str) -> Self {
        Self {
            file: file.into(),
            text: text.into(),
            base: Path::default(),
        }
    }

    /// The same file, and a place below this one.
    pub(crate) fn below(&self, path: &Path) -> Self {
        Self {
            base: self.base.then(path),
            ..self.clone()
        }
    }

    /// The file's name, as the caller gave it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Line and column of a value of the document.
    pub fn place(&self, path: &Path) -> Place {
        locate(&self.text, &self.base.then(path))
    }
}
