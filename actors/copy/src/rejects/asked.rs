//! What the activity allows to leave out, and where it wants that written.

use crate::settings::is_set;
use serde_json::Value;
use sluice_contract::document::{member, text};
use sluice_contract::{Code, Fault, Object};
use sluice_store_core::Allowed;

/// `enableSkipIncompatibleRow`, `skipErrorFile`, `logSettings` and `redirectIncompatibleRowSettings`, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AskedLogs {
    /// What may be left out; none when nothing may.
    pub(crate) allowed: Option<Allowed>,
    /// The folder of the session log.
    pub(crate) session: Option<String>,
    /// Whether it tells what was read, too: `logLevel` `Info`.
    pub(crate) info: bool,
    /// The folder of the rows.
    pub(crate) redirect: Option<String>,
}

impl AskedLogs {
    /// Reads the activity's settings.
    ///
    /// # Errors
    /// `SL4005` for a member of another form than it has in ADF.
    pub(crate) fn read(settings: &Object) -> Result<Self, Fault> {
        let rows = member(settings, "enableSkipIncompatibleRow").is_some_and(is_set);
        let files = object(settings, "skipErrorFile")?;
        let skips = |name: &str, default: bool| {
            let value = files
                .and_then(|files| member(files, name))
                .filter(|value| !value.is_null());
            files.is_some() && value.map_or(default, is_set)
        };
        let allowed = Allowed {
            rows,
            // As in ADF: true where the object does not say.
            missing_files: skips("fileMissing", true),
            forbidden_files: skips("fileForbidden", false),
            inconsistent_files: skips("dataInconsistency", false),
            invalid_names: skips("invalidFileName", false),
        };
        let redirect = object(settings, "redirectIncompatibleRowSettings")?;
        Ok(Self {
            allowed: (allowed != Allowed::default()).then_some(allowed),
            session: session(settings)?,
            info: info(settings)?,
            redirect: redirect.filter(|_| rows).map(path).transpose()?,
        })
    }
}

/// The folder of the session log: `logSettings`, or the older `logStorageSettings`.
fn session(settings: &Object) -> Result<Option<String>, Fault> {
    if let Some(log) = object(settings, "logSettings")? {
        let enabled = member(log, "enableCopyActivityLog").filter(|value| !value.is_null());
        if !enabled.is_none_or(is_set) {
            return Ok(None);
        }
        return object(log, "logLocationSettings")?.map(path).transpose();
    }
    object(settings, "logStorageSettings")?.map(path).transpose()
}

/// Whether the session log is to tell more than what is left out.
fn info(settings: &Object) -> Result<bool, Fault> {
    let level = |log: Option<&Object>| log.and_then(|log| text(log, "logLevel")).map(str::to_ascii_lowercase);
    let level = match object(settings, "logSettings")? {
        Some(log) => level(object(log, "copyActivityLogSettings")?),
        None => level(object(settings, "logStorageSettings")?),
    };
    match level.as_deref() {
        None | Some("warning") => Ok(false),
        Some("info") => Ok(true),
        Some(_) => Err(malformed("logLevel", "one of Info, Warning")),
    }
}

fn path(place: &Object) -> Result<String, Fault> {
    match member(place, "path") {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(_)) => Ok(text(place, "path").unwrap_or_default().to_owned()),
        Some(_) => Err(malformed("path", "a text")),
    }
}

fn object<'a>(settings: &'a Object, name: &str) -> Result<Option<&'a Object>, Fault> {
    match member(settings, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object).filter(|object| !object.is_empty())),
        Some(_) => Err(malformed(name, "an object")),
    }
}

fn malformed(name: &str, what: &str) -> Fault {
    Fault::new(Code::DocumentInvalid, format!("`{name}` is not {what}"))
}
