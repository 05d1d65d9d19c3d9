//! Which files go where.

use super::wanted::Wanted;
use crate::behavior::Behavior;
use md5::{Digest, Md5};
use sluice_contract::{Code, Fault};
use sluice_store_core::files::location::join;
use sluice_store_core::files::{ByteStore, Chosen, Location, Selection, Take, Target, Wrapping};
use sluice_store_core::{SinkRequest, SourceRequest};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is copied as one piece of work.
pub(super) enum Unit {
    /// One file, as it is or wrapped differently, to this path.
    File(Chosen, Target),
    /// One file that is unpacked below this folder: what it holds is not known before.
    Unpack(Chosen, Target),
    /// All files into one.
    Together(Vec<Chosen>, Target),
}

impl Unit {
    /// For people.
    pub(super) fn label(&self) -> String {
        match self {
            Self::File(chosen, _) | Self::Unpack(chosen, _) => chosen.entry.label(),
            Self::Together(_, target) => label(target),
        }
    }
}

/// All work of a copy.
pub(super) struct Plan {
    pub(super) units: Vec<Unit>,
    pub(super) wrappings: Wrappings,
    /// The name of a file for which there is none: the same in every attempt of the job.
    pub(super) default_name: String,
    /// Where the files come to lie, for people.
    pub(super) location: String,
}

/// How files are wrapped at both ends.
pub(super) struct Wrappings {
    pub(super) source: Option<Arc<dyn Wrapping>>,
    pub(super) sink: Option<Arc<dyn Wrapping>>,
}

impl Plan {
    /// Finds the files, and says where each goes.
    ///
    /// # Errors
    /// `SL6005` when there is none, `SL6013` for what does not fit together, and what the stores report.
    pub(super) async fn make(
        wanted: &Wanted,
        selection: &Selection,
        source: &dyn ByteStore,
        sink: &dyn ByteStore,
        read: &SourceRequest,
        write: &SinkRequest,
    ) -> Result<Self, Fault> {
        if !wanted.metadata.is_empty() && !sink.keeps_attributes() {
            return Err(property(
                "the sink's store keeps no metadata beside files (`storeSettings.metadata`)",
            ));
        }
        let wrappings = Wrappings::of(source, sink, read, write)?;
        let default_name = default_name(write);
        let place = Location::read(&write.dataset, sink.location_types(), sink.has_containers())?;
        let chosen = selection.choose(source, Take::All).await?;
        let at = |path: &str| Target {
            container: place.container.clone(),
            path: join(&place.folder, path),
        };
        let into_one = wrappings.sink.as_ref().is_some_and(|sink| sink.is_archive());
        if wanted.behavior == Behavior::Merge || into_one {
            let ending = wrappings.sink.as_ref().map_or("", |sink| sink.extension());
            let name = place.file.clone().unwrap_or_else(|| format!("{default_name}{ending}"));
            let target = at(&name);
            return Ok(Self {
                location: label(&target),
                units: vec![Unit::Together(chosen, target)],
                wrappings,
                default_name,
            });
        }
        let unpacks = wrappings.source.as_ref().is_some_and(|source| source.is_archive());
        if place.file.is_some() && (chosen.len() > 1 || unpacks) {
            return Err(property(format!(
                "the sink's dataset names one file, and {} are copied; leave `fileName` out, or take `copyBehavior` MergeFiles",
                if unpacks {
                    "those of an archive".to_owned()
                } else {
                    chosen.len().to_string()
                }
            )));
        }
        let mut units = Vec::with_capacity(chosen.len());
        let mut taken = BTreeSet::new();
        for chosen in chosen {
            let name = match (&place.file, wanted.behavior) {
                (Some(file), _) => file.clone(),
                (None, Behavior::Flatten) => generated(&default_name, &chosen.relative),
                (None, _) => chosen.relative.clone(),
            };
            let unit = if unpacks {
                let folder = match (wanted.behavior, wanted.archive_folder) {
                    (Behavior::Flatten, _) | (_, false) => place.folder.clone(),
                    _ => join(&place.folder, &without_ending(&chosen.relative, &wrappings.source)),
                };
                let target = Target {
                    container: place.container.clone(),
                    path: folder,
                };
                Unit::Unpack(chosen, target)
            } else {
                let name = match place.file {
                    Some(_) => name,
                    None => renamed(&name, &wrappings.source, &wrappings.sink),
                };
                let target = at(&name);
                if !taken.insert(target.path.clone()) {
                    return Err(property(format!("two files would be written to {}", label(&target))));
                }
                Unit::File(chosen, target)
            };
            units.push(unit);
        }
        let location = match units.first() {
            Some(Unit::File(_, target)) if units.len() == 1 => label(target),
            _ => label(&at("")),
        };
        Ok(Self {
            units,
            location,
            wrappings,
            default_name,
        })
    }

    /// How many files are read.
    pub(super) fn files(&self) -> usize {
        let files = |unit: &Unit| match unit {
            Unit::File(..) | Unit::Unpack(..) => 1,
            Unit::Together(all, _) => all.len(),
        };
        self.units.iter().map(files).sum()
    }
}

impl Wrappings {
    pub(super) fn of(
        source: &dyn ByteStore,
        sink: &dyn ByteStore,
        read: &SourceRequest,
        write: &SinkRequest,
    ) -> Result<Self, Fault> {
        let found = Self {
            source: source.wrapping(&read.dataset)?,
            sink: sink.wrapping(&write.dataset)?,
        };
        if found.source.is_some() && found.sink.as_ref().is_some_and(|sink| sink.needs_sizes()) {
            return Err(property(
                "a tar archive names a file's size before its bytes, and what is unpacked on the way has none yet; copy in two steps",
            ));
        }
        Ok(found)
    }

    /// Whether files are copied as they are.
    pub(super) fn are_none(&self) -> bool {
        self.source.is_none() && self.sink.is_none()
    }
}

fn property(text: impl Into<String>) -> Fault {
    Fault::new(Code::PropertyMissing, text)
}

pub(super) fn label(target: &Target) -> String {
    match target.container.as_str() {
        "" => target.path.clone(),
        container => format!("{container}/{}", target.path),
    }
}

/// The name of a file for which there is none: the same in every attempt of the job.
fn default_name(write: &SinkRequest) -> String {
    match write.default_name.trim_start_matches('.').replace(['/', '\\'], "_") {
        name if name.is_empty() => "data".to_owned(),
        name => name,
    }
}

/// ADF's generated name, `Data.GUID.ENDING`: the same for the same file in every attempt of the job.
pub(super) fn generated(default_name: &str, relative: &str) -> String {
    let stem = generated_stem(default_name, relative);
    let name = relative.rsplit('/').next().unwrap_or(relative);
    match name.rsplit_once('.') {
        Some((start, ending)) if !start.is_empty() && !ending.is_empty() => format!("{stem}.{ending}"),
        _ => stem,
    }
}

/// The same without the ending.
pub(crate) fn generated_stem(default_name: &str, relative: &str) -> String {
    let mut md5 = Md5::new();
    md5.update(default_name);
    md5.update([0]);
    md5.update(relative);
    let digest: [u8; 16] = md5.finalize().into();
    let hex = super::tally::hex(&digest);
    let guid = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
    format!("Data.{guid}")
}

/// A path without the ending of what it is wrapped in.
pub(super) fn without_ending(path: &str, wrapping: &Option<Arc<dyn Wrapping>>) -> String {
    let ending = wrapping.as_ref().map_or("", |wrapping| wrapping.extension());
    let at = path.len().saturating_sub(ending.len());
    match path.get(at..) {
        Some(end) if end.eq_ignore_ascii_case(ending) && !path[..at].ends_with('/') && at > 0 => path[..at].to_owned(),
        _ => match path.strip_suffix(".tgz") {
            Some(stem) if ending == ".tar.gz" && !stem.is_empty() => stem.to_owned(),
            _ => path.to_owned(),
        },
    }
}

/// The name of a file whose wrapping changes.
pub(super) fn renamed(path: &str, source: &Option<Arc<dyn Wrapping>>, sink: &Option<Arc<dyn Wrapping>>) -> String {
    let bare = without_ending(path, source);
    let ending = sink.as_ref().map_or("", |wrapping| wrapping.extension());
    format!("{bare}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_names_are_the_same_in_every_attempt() {
        let name = generated("data_job", "a/b.csv");
        assert_eq!(name, generated("data_job", "a/b.csv"));
        assert_ne!(name, generated("data_job", "b/b.csv"));
        assert!(
            name.starts_with("Data.") && name.ends_with(".csv") && name.len() == 5 + 36 + 4,
            "{name}"
        );
        assert!(!generated("data_job", "a/.hidden").contains("hidden"));
    }
}
