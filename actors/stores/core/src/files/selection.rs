//! Which files an activity reads: the dataset's `location` and the activity's `storeSettings`.

use super::location::{Location, clean, property, text};
use super::pattern::{FolderPattern, Pattern};
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde_json::Value;
use sluice_contract::document::member;
use sluice_contract::{Fault, Object};

/// What is asked for; [`choose`](Self::choose) finds it.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// The file, or the folder below which all of them lie.
    pub location: Location,
    /// What their names are like.
    pub names: Option<Pattern>,
    /// Whether the names that are asked for begin with `.` or `_`.
    pub names_hidden: bool,
    /// What their folders are like, from the container or root on.
    pub folders: Option<FolderPattern>,
    /// The text file that names them, one to a line.
    pub list: Option<Location>,
    /// Changed at this time or later.
    pub modified_from: Option<DateTime<Utc>>,
    /// Changed before this time.
    pub modified_until: Option<DateTime<Utc>>,
    /// The folder below which `key=value` folders are columns.
    pub partition_root: Option<String>,
    /// Whether the files are deleted once they are copied.
    pub delete_read: bool,
    /// At most this many requests at the same time.
    pub connections: Option<usize>,
}

impl Selection {
    /// Reads a dataset's `typeProperties` and an activity's `source`.
    ///
    /// # Errors
    /// `SL6013` for what is missing, malformed, or asked for at the same time as something that it excludes.
    pub fn read(dataset: &Object, activity: &Object, types: &[&str], containers: bool) -> Result<Self, Fault> {
        let mut location = Location::read(dataset, types, containers)?;
        let empty = Object::new();
        let settings = member(activity, "storeSettings")
            .and_then(Value::as_object)
            .unwrap_or(&empty);
        let setting = |name: &str| text(settings, name).map(|text| text.filter(|text| !text.trim().is_empty()));
        location.recursive = flag(settings, "recursive")?.unwrap_or(true);
        let mut found = Self {
            modified_from: time(setting("modifiedDatetimeStart")?, "modifiedDatetimeStart")?,
            modified_until: time(setting("modifiedDatetimeEnd")?, "modifiedDatetimeEnd")?,
            delete_read: flag(settings, "deleteFilesAfterCompletion")?.unwrap_or(false),
            connections: connections(activity)?,
            ..Self::default()
        };
        // As in ADF: a wildcard, a prefix and a list replace the dataset's file name.
        let name = setting("wildcardFileName")?.or(setting("fileFilter")?);
        let folder = setting("wildcardFolderPath")?;
        let prefix = setting("prefix")?;
        let list = setting("fileListPath")?;
        if [folder.is_some() || name.is_some(), prefix.is_some(), list.is_some()]
            .iter()
            .filter(|set| **set)
            .count()
            > 1
        {
            return Err(property(
                "`storeSettings` asks for several of wildcards, `prefix` and `fileListPath`; one of them says which files are read",
            ));
        }
        if let Some(folder) = folder {
            let pattern = FolderPattern::new(&folder)?;
            location.folder.clone_from(&pattern.fixed);
            location.file = None;
            found.folders = Some(pattern);
        }
        if let Some(name) = name {
            location.file = None;
            found.names_hidden = name.starts_with(['.', '_']);
            found.names = Some(Pattern::new(&name)?);
        }
        if let Some(prefix) = prefix {
            if !containers {
                return Err(property(
                    "`storeSettings.prefix` is for stores of objects; take `wildcardFileName` here",
                ));
            }
            location = Location {
                container: location.container,
                prefix: Some(prefix.trim_start_matches('/').to_owned()),
                recursive: location.recursive,
                ..Location::default()
            };
        }
        if let Some(list) = list {
            location.file = None;
            found.list = Some(place_of(&list, containers)?);
        }
        if flag(settings, "enablePartitionDiscovery")?.unwrap_or(false) {
            let root = setting("partitionRootPath")?;
            let mut root = root.map(|root| clean(&root)).unwrap_or_else(|| base(&location));
            // The path may begin with the container.
            if let Some(below) = root.strip_prefix(&format!("{}/", location.container))
                && !location.container.is_empty()
            {
                root = below.to_owned();
            }
            found.partition_root = Some(root);
        }
        found.location = location;
        Ok(found)
    }

    /// Whether one file is named, and not what files are like.
    pub fn is_one_file(&self) -> bool {
        self.location.file.is_some()
    }

    /// The folder from which on the hierarchy of the files is told.
    pub fn base(&self) -> String {
        base(&self.location)
    }
}

/// The folder, or with a prefix what is before its last slash.
fn base(location: &Location) -> String {
    match &location.prefix {
        Some(prefix) => prefix
            .rsplit_once('/')
            .map_or(String::new(), |(folder, _)| clean(folder)),
        None => location.folder.clone(),
    }
}

/// `container/folder/file`, or `folder/file` where there are no containers.
fn place_of(path: &str, containers: bool) -> Result<Location, Fault> {
    let path = clean(path);
    let refused = || property(format!("`storeSettings.fileListPath` {path:?} names no file"));
    let (container, path) = match containers {
        true => path.split_once('/').ok_or_else(refused)?,
        false => ("", path.as_str()),
    };
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    if file.is_empty() {
        return Err(refused());
    }
    Ok(Location {
        container: container.to_owned(),
        folder: folder.to_owned(),
        file: Some(file.to_owned()),
        ..Location::default()
    })
}

/// `maxConcurrentConnections` of an activity's `storeSettings`, or of its `source` or `sink` itself.
///
/// # Errors
/// `SL6013` when it is not a whole number from 1 on.
pub fn connections(activity: &Object) -> Result<Option<usize>, Fault> {
    let settings = member(activity, "storeSettings").and_then(Value::as_object);
    let asked = settings
        .and_then(|settings| member(settings, "maxConcurrentConnections"))
        .or_else(|| member(activity, "maxConcurrentConnections"));
    let number = match asked {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(_) => None,
    };
    let number = number
        .and_then(|number| usize::try_from(number).ok())
        .filter(|number| *number > 0);
    number
        .map(Some)
        .ok_or_else(|| property("`maxConcurrentConnections` is not a whole number from 1 on"))
}

fn flag(object: &Object, name: &str) -> Result<Option<bool>, Fault> {
    match text(object, name)?.as_deref().map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Some(_) => Err(property(format!("`{name}` is neither true nor false"))),
    }
}

/// A time with its offset, or one of UTC, or a day.
fn time(text: Option<String>, name: &str) -> Result<Option<DateTime<Utc>>, Fault> {
    let Some(text) = text else { return Ok(None) };
    let text = text.trim();
    let plain = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%m/%d/%Y %H:%M:%S%.f"];
    let found = DateTime::parse_from_rfc3339(text)
        .ok()
        .map(|time| time.to_utc())
        .or_else(|| {
            let times = plain
                .iter()
                .filter_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
            times.map(|time| time.and_utc()).next()
        })
        .or_else(|| {
            NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .ok()?
                .and_hms_opt(0, 0, 0)
                .map(|time| time.and_utc())
        });
    found.map(Some).ok_or_else(|| {
        property(format!(
            "`storeSettings.{name}` {text:?} is not a time such as 2024-12-01T05:00:00Z"
        ))
    })
}
