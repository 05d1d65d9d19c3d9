//! Which files a trigger is about, and gathering them without holding more than it may.

use super::bytes::Entry;
use super::location::{Location, clean, join};
use sluice_contract::{Code, Fault};

/// What is asked of a store for a trigger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// Container or bucket; where the store has none, a folder.
    pub container: String,
    /// What the paths within it begin with.
    pub begins: String,
    /// What the paths end with; empty for anything.
    pub ends: String,
    /// More files than this are too many.
    pub most: usize,
}

impl Watched {
    /// Where to look, in a store with or without containers.
    ///
    /// # Errors
    /// `SL4036` without the container that the store needs.
    pub fn location(&self, containers: bool) -> Result<Location, Fault> {
        if !containers {
            let prefix = self.prefix(false);
            return Ok(Location {
                folder: clean(prefix.rsplit_once('/').map_or("", |(folder, _)| folder)),
                recursive: true,
                ..Location::default()
            });
        }
        if self.container.is_empty() {
            let text = "the trigger names no container: give it in blobPathBeginsWith, as /container/blobs/";
            return Err(Fault::new(Code::TriggerStoreUnclear, text));
        }
        Ok(Location {
            container: self.container.clone(),
            prefix: Some(self.begins.clone()),
            recursive: true,
            ..Location::default()
        })
    }

    /// What the paths begin with, as the store has them.
    fn prefix(&self, containers: bool) -> String {
        match containers || self.container.is_empty() {
            true => self.begins.clone(),
            false => join(&self.container, &self.begins),
        }
    }

    /// An empty collection of what fits.
    pub fn gather(&self, containers: bool) -> Gathered<'_> {
        Gathered {
            watched: self,
            containers,
            prefix: self.prefix(containers),
            entries: Vec::new(),
        }
    }
}

/// The files that fit, as far as they were found.
pub struct Gathered<'a> {
    watched: &'a Watched,
    containers: bool,
    prefix: String,
    entries: Vec<Entry>,
}

impl Gathered<'_> {
    /// Takes a file if it is one of those.
    ///
    /// # Errors
    /// `SL4037` when there are too many.
    pub fn take(&mut self, entry: Entry) -> Result<(), Fault> {
        if !self.fits(&entry) {
            return Ok(());
        }
        if self.entries.len() >= self.watched.most {
            let what = format!("more than {} files fit what the trigger watches", self.watched.most);
            return Err(Fault::new(Code::TooManyFiles, what));
        }
        self.entries.push(entry);
        Ok(())
    }

    /// All of them.
    pub fn entries(self) -> Vec<Entry> {
        self.entries
    }

    fn fits(&self, entry: &Entry) -> bool {
        // The staging of this and other copies is no file yet; tools mark folders by an object of their name.
        let staged = entry.name().starts_with('.') && entry.name().ends_with(".sluice-part");
        if staged || entry.path.ends_with('/') || !entry.path.starts_with(&self.prefix) {
            return false;
        }
        let ends = self.watched.ends.as_str();
        // The end may reach into the container's name, as it may in Azure's events.
        ends.is_empty() || subject(&entry.path, self.containers.then_some(&self.watched.container)).ends_with(ends)
    }
}

/// A path as Azure's events have it.
fn subject(path: &str, container: Option<&String>) -> String {
    match container {
        Some(container) => format!("/blobServices/default/containers/{container}/blobs/{path}"),
        None => format!("/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str) -> Entry {
        Entry {
            container: String::new(),
            path: path.to_owned(),
            size: 1,
            version: String::new(),
            modified: None,
        }
    }

    fn watched(container: &str, begins: &str, ends: &str) -> Watched {
        Watched {
            container: container.to_owned(),
            begins: begins.to_owned(),
            ends: ends.to_owned(),
            most: 2,
        }
    }

    fn fit(watched: &Watched, containers: bool, path: &str) -> bool {
        let mut found = watched.gather(containers);
        found.take(entry(path)).unwrap();
        !found.entries().is_empty()
    }

    #[test]
    fn paths_fit_by_their_ends() {
        for (container, begins, ends, path, in_containers, in_folders) in [
            ("in", "a/x", "", "a/x1", true, false),
            ("in", "a/x", "", "in/a/x1", false, true),
            ("in", "", ".csv", "1.csv", true, false),
            ("in", "", "/in/blobs/1.csv", "1.csv", true, false),
            ("in", "", "/in/blobs/1.csv", "sub/1.csv", false, false),
            ("in", "", "/1.csv", "in/1.csv", true, true),
            ("in", "", "", "in2/1.csv", true, false),
            ("", "", "x", "x", true, true),
            ("", "", "", ".x.1.sluice-part", false, false),
        ] {
            let watched = watched(container, begins, ends);
            assert_eq!(fit(&watched, true, path), in_containers, "{watched:?} {path}");
            assert_eq!(fit(&watched, false, path), in_folders, "{watched:?} {path}");
        }
    }

    #[test]
    fn a_place_is_a_prefix_or_a_folder() {
        let here = watched("in", "a/b/x-", "").location(true).unwrap();
        assert_eq!(
            (here.container.as_str(), here.prefix.as_deref()),
            ("in", Some("a/b/x-"))
        );
        let here = watched("in", "a/b/x-", "").location(false).unwrap();
        assert_eq!((here.folder.as_str(), here.recursive), ("in/a/b", true));
        assert_eq!(watched("", "", ".csv").location(false).unwrap().folder, "");
        let refused = watched("", "x", "").location(true).unwrap_err();
        assert_eq!(refused.code, Code::TriggerStoreUnclear);
    }

    #[test]
    fn too_many_are_refused_before_they_are_held() {
        let watched = watched("", "", ".csv");
        let mut found = watched.gather(false);
        for path in ["1.csv", "2.csv", "x.txt"] {
            found.take(entry(path)).unwrap();
        }
        assert_eq!(found.take(entry("3.csv")).unwrap_err().code, Code::TooManyFiles);
    }
}
