//! A place in a store of files, as a dataset's `location` names it.

use serde_json::Value;
use sluice_contract::document::member;
use sluice_contract::{Code, Fault, Object};

/// A place in a store: one file, or a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// Container, bucket or file system; empty where the store has none.
    pub container: String,
    /// Folder below the container or root, without slashes at its ends; empty for the root itself.
    pub folder: String,
    /// The file's name.
    pub file: Option<String>,
    /// What the paths begin with, in stores of objects; then the folder is empty.
    pub prefix: Option<String>,
    /// Whether folders below the folder belong to it.
    pub recursive: bool,
}

impl Location {
    /// Reads a dataset's `typeProperties.location`.
    ///
    /// # Errors
    /// `SL6013` when the location is missing, of another store's type or without a container.
    pub fn read(dataset: &Object, types: &[&str], containers: bool) -> Result<Self, Fault> {
        let location = member(dataset, "location")
            .and_then(Value::as_object)
            .ok_or_else(|| property("the dataset has no object `typeProperties.location`"))?;
        let kind = text(location, "type")?.unwrap_or_default();
        if !types.iter().any(|served| served.eq_ignore_ascii_case(&kind)) {
            return Err(property(format!(
                "the dataset's location is of type {kind:?}, and its linked service takes {}",
                types.join(" or ")
            )));
        }
        let mut found = Self {
            folder: clean(&text(location, "folderPath")?.unwrap_or_default()),
            file: text(location, "fileName")?.filter(|name| !name.is_empty()),
            recursive: true,
            ..Self::default()
        };
        if containers {
            let mut names = ["container", "fileSystem", "bucketName"].into_iter();
            let named = names.find_map(|name| text(location, name).transpose()).transpose()?;
            found.container = named
                .filter(|name| !name.is_empty())
                .ok_or_else(|| property("the dataset's location has no `container`, `fileSystem` or `bucketName`"))?;
        }
        Ok(found)
    }

    /// The path of a file in this folder.
    pub fn path_of(&self, file: &str) -> String {
        join(&self.folder, file)
    }

    /// For people.
    pub fn label(&self) -> String {
        let path = match (&self.prefix, &self.file) {
            (Some(prefix), _) => format!("{prefix}*"),
            (None, file) => self.path_of(file.as_deref().unwrap_or("*")),
        };
        match self.container.as_str() {
            "" => path,
            container => format!("{container}/{path}"),
        }
    }
}

/// A path below a folder.
pub fn join(folder: &str, path: &str) -> String {
    match folder {
        "" => path.to_owned(),
        folder => format!("{folder}/{path}"),
    }
}

pub(super) fn property(message: impl Into<String>) -> Fault {
    Fault::new(Code::PropertyMissing, message)
}

pub(super) fn text(object: &Object, name: &str) -> Result<Option<String>, Fault> {
    match member(object, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Bool(flag)) => Ok(Some(flag.to_string())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(property(format!("`{name}` is not a text"))),
    }
}

/// A folder without doubled slashes and `.`; what leaves the root is refused by the store.
pub(super) fn clean(folder: &str) -> String {
    let parts = folder.split('/').filter(|part| !part.is_empty() && *part != ".");
    parts.collect::<Vec<_>>().join("/")
}
