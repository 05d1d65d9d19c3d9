//! Finding the files of a [`Selection`].

use super::bytes::{ByteStore, Entry};
use super::list;
use super::location::Location;
use super::partition::{Column, columns};
use super::selection::Selection;
use sluice_contract::{Code, Fault};

/// A file that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The file.
    pub entry: Entry,
    /// Its path below the folder that was asked for: what is kept of the hierarchy.
    pub relative: String,
    /// The columns that its folders make.
    pub columns: Vec<Column>,
}

/// What is taken of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// All but the staging of others.
    All,
    /// What holds rows: names that begin with `.` or `_` are left out, unless a wildcard begins so too: they are markers and the
    /// staging of others, and readers of such folders agree on that. Empty files without an ending are a cloud's folder
    /// markers.
    Rows,
}

impl Selection {
    /// The files, in the order of their paths.
    ///
    /// # Errors
    /// `SL6005` when there is none, and what the store reports.
    pub async fn choose(&self, store: &dyn ByteStore, take: Take) -> Result<Vec<Chosen>, Fault> {
        let found = match &self.list {
            Some(list) => list::entries(store, list, &self.location).await?,
            None => {
                // The folders are looked through; which of them are meant is told by their names.
                let recursive = self.location.recursive || self.folders.is_some();
                let all = Location {
                    recursive,
                    ..self.location.clone()
                };
                store.find(&all).await?
            }
        };
        let named = self.is_one_file() || self.list.is_some();
        let mut chosen = Vec::with_capacity(found.len());
        for entry in found {
            if (named || self.wants(&entry, take)) && self.is_of_its_time(&entry)? {
                chosen.push(self.chosen(entry)?);
            }
        }
        if chosen.is_empty() {
            let label = self.label();
            return Err(Fault::new(Code::FileNotFound, format!("there is no file {label:?}")));
        }
        if self.list.is_none() {
            chosen.sort_by(|a, b| a.entry.path.cmp(&b.entry.path));
        }
        Ok(chosen)
    }

    /// A file's path below the folder that was asked for: what is kept of the hierarchy.
    pub fn relative<'a>(&self, entry: &'a Entry) -> &'a str {
        match self.base().as_str() {
            "" => entry.path.as_str(),
            base => entry
                .path
                .strip_prefix(base)
                .map_or(entry.name(), |below| below.trim_start_matches('/')),
        }
    }

    fn chosen(&self, entry: Entry) -> Result<Chosen, Fault> {
        let columns = match &self.partition_root {
            Some(root) => columns(&entry.path, root),
            None => Vec::new(),
        };
        Ok(Chosen {
            relative: self.relative(&entry).to_owned(),
            columns,
            entry,
        })
    }

    fn wants(&self, entry: &Entry, take: Take) -> bool {
        let base = self.base();
        let below = match base.as_str() {
            "" => Some(entry.path.as_str()),
            base => entry.path.strip_prefix(base).and_then(|below| below.strip_prefix('/')),
        };
        let Some(below) = below else { return false };
        let folder = entry.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let in_folder = match (&self.folders, self.location.recursive) {
            (Some(pattern), recursive) => pattern.fits(folder, recursive),
            (None, true) => true,
            (None, false) => match &self.location.prefix {
                Some(prefix) => !entry.path.get(prefix.len()..).unwrap_or_default().contains('/'),
                None => !below.contains('/'),
            },
        };
        let named = self.names.as_ref().is_none_or(|pattern| pattern.fits(entry.name()));
        let left_out = match take {
            Take::All => entry.name().starts_with('.') && entry.name().ends_with(".sluice-part"),
            Take::Rows => {
                let hidden = !self.names_hidden && below.split('/').any(|part| part.starts_with(['.', '_']));
                hidden || (entry.size == 0 && !entry.name().contains('.'))
            }
        };
        in_folder && named && !left_out
    }

    fn is_of_its_time(&self, entry: &Entry) -> Result<bool, Fault> {
        if self.modified_from.is_none() && self.modified_until.is_none() {
            return Ok(true);
        }
        let modified = entry.modified.ok_or_else(|| {
            let text = format!(
                "the store does not say when {} was changed, and files are chosen by it",
                entry.label()
            );
            Fault::new(Code::StoreFailed, text)
        })?;
        Ok(self.modified_from.is_none_or(|from| modified >= from)
            && self.modified_until.is_none_or(|until| modified < until))
    }

    fn label(&self) -> String {
        let mut label = self.location.label();
        if self.names.is_some() || self.folders.is_some() {
            label.push_str(" by its wildcards");
        }
        if self.modified_from.is_some() || self.modified_until.is_some() {
            label.push_str(" of the time that is asked for");
        }
        label
    }
}
