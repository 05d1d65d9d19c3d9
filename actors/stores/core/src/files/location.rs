//! Which files a dataset names: its `location`, and the wildcards and flags of `storeSettings`.

use serde_json::Value;
use sluice_contract::document::member;
use sluice_contract::{Code, Fault, Object};

/// A place in a store: one file, or a folder with an optional wildcard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// Container or file system; empty where the store has none.
    pub container: String,
    /// Folder below the container or root, without slashes at its ends; empty for the root itself.
    pub folder: String,
    /// The file's name.
    pub file: Option<String>,
    /// `*` and `?` over file names.
    pub wildcard: Option<String>,
    /// Whether folders below the folder belong to it.
    pub recursive: bool,
}

impl Location {
    /// Reads a dataset's `typeProperties.location` and an activity's `storeSettings`.
    ///
    /// # Errors
    /// `SL6013` when the location is missing or of another store's type, or asks for what is not served.
    pub fn read(dataset: &Object, activity: &Object, types: &[&str], containers: bool) -> Result<Self, Fault> {
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
        let settings = member(activity, "storeSettings").and_then(Value::as_object);
        if let Some(settings) = settings {
            refuse(settings)?;
        }
        let setting = |name: &str| settings.map_or(Ok(None), |settings| text(settings, name));
        let mut found = Self {
            container: String::new(),
            folder: clean(&text(location, "folderPath")?.unwrap_or_default()),
            file: text(location, "fileName")?.filter(|name| !name.is_empty()),
            wildcard: setting("wildcardFileName")?.filter(|pattern| !pattern.is_empty()),
            recursive: setting("recursive")?.is_none_or(|flag| flag.eq_ignore_ascii_case("true")),
        };
        if found.wildcard.is_some() {
            // As in ADF: the wildcard replaces the dataset's file name.
            found.file = None;
        }
        if containers {
            found.container = text(location, "container")?
                .or(text(location, "fileSystem")?)
                .filter(|name| !name.is_empty())
                .ok_or_else(|| property("the dataset's location has no `container`"))?;
        }
        Ok(found)
    }

    /// The path of a file in this folder.
    pub fn path_of(&self, file: &str) -> String {
        match self.folder.as_str() {
            "" => file.to_owned(),
            folder => format!("{folder}/{file}"),
        }
    }

    /// For people.
    pub fn label(&self) -> String {
        let file = self.file.as_deref().or(self.wildcard.as_deref()).unwrap_or("*");
        match self.container.as_str() {
            "" => self.path_of(file),
            container => format!("{container}/{}", self.path_of(file)),
        }
    }
}

fn property(message: impl Into<String>) -> Fault {
    Fault::new(Code::PropertyMissing, message)
}

/// Settings whose silent neglect would read or delete other files than asked.
fn refuse(settings: &Object) -> Result<(), Fault> {
    const REFUSED: &[&str] = &[
        "wildcardFolderPath",
        "fileListPath",
        "prefix",
        "modifiedDatetimeStart",
        "modifiedDatetimeEnd",
        "deleteFilesAfterCompletion",
        "enablePartitionDiscovery",
        "fileFilter",
    ];
    for name in REFUSED {
        let asked = match member(settings, name) {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::String(text)) => !text.is_empty() && !text.eq_ignore_ascii_case("false"),
            Some(_) => true,
        };
        if asked {
            return Err(property(format!("`storeSettings.{name}` is not served")));
        }
    }
    Ok(())
}

fn text(object: &Object, name: &str) -> Result<Option<String>, Fault> {
    match member(object, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Bool(flag)) => Ok(Some(flag.to_string())),
        Some(_) => Err(property(format!("`{name}` is not a text"))),
    }
}

fn clean(folder: &str) -> String {
    let parts = folder.split('/').filter(|part| !part.is_empty() && *part != ".");
    parts.collect::<Vec<_>>().join("/")
}

/// Whether a name fits a pattern of `*` (any characters) and `?` (one character).
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&c) if c == '?' || c == name[n] => {
                p += 1;
                n += 1;
            }
            // Give the last star one more character.
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    n = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        for (pattern, name, fits) in [
            ("*", "", true),
            ("*.csv", "a.csv", true),
            ("*.csv", "a.csv.gz", false),
            ("a?c*e", "abcdddde", true),
            ("a?c", "ac", false),
            ("?", "ß", true),
            ("*a*a*b", &"a".repeat(200), false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }

    #[test]
    fn locations_are_read() {
        let dataset = serde_json::json!({"location": {"type": "AzureBlobStorageLocation", "container": "c",
            "folderPath": "/a//./b/", "fileName": "x"}});
        let read = |activity: Value| {
            Location::read(
                dataset.as_object().unwrap(),
                activity.as_object().unwrap(),
                &["AzureBlobStorageLocation"],
                true,
            )
        };
        let plain = read(serde_json::json!({})).unwrap();
        assert_eq!(plain.label(), "c/a/b/x");
        let wild =
            read(serde_json::json!({"storeSettings": {"wildcardFileName": "*.csv", "recursive": false}})).unwrap();
        assert_eq!((wild.file, wild.recursive), (None, false));
        let refused = read(serde_json::json!({"storeSettings": {"prefix": "x"}})).unwrap_err();
        assert_eq!(refused.code, sluice_contract::Code::PropertyMissing);
    }
}
