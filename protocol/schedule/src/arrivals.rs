//! A trigger of files that come and go, read from its document.

use crate::fields::Fields;
use crate::span::span;
use chrono::TimeDelta;
use serde_json::{Map, Value};

/// Between two looks, when the document does not say.
const PAUSE: TimeDelta = TimeDelta::seconds(15);
const SHORTEST: TimeDelta = TimeDelta::seconds(1);
const LONGEST: TimeDelta = TimeDelta::days(1);

/// A BlobEventsTrigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrivals {
    /// Container, bucket or first folder; empty for the root of a store that has no containers.
    pub container: String,
    /// What the paths within it begin with.
    pub begins: String,
    /// What the paths end with; empty for anything.
    pub ends: String,
    /// Whether files that come, or change, are told.
    pub created: bool,
    /// Whether files that go are told.
    pub deleted: bool,
    /// Whether files without content do not count.
    pub ignore_empty: bool,
    /// The storage account, as the resource id in `scope` names it.
    pub account: Option<String>,
    /// From the end of a look to the next one.
    pub pause: TimeDelta,
}

impl Arrivals {
    /// Reads the `typeProperties` of a BlobEventsTrigger.
    ///
    /// # Errors
    /// Which member is wrong, and why.
    pub fn read(type_properties: &Map<String, Value>) -> Result<Self, String> {
        let fields = Fields::new(type_properties, "typeProperties");
        let (mut created, mut deleted) = (false, false);
        for event in fields.items("events") {
            match event.as_str().map(|event| event.rsplit('.').next().unwrap_or(event)) {
                Some(event) if event.eq_ignore_ascii_case("BlobCreated") => created = true,
                Some(event) if event.eq_ignore_ascii_case("BlobDeleted") => deleted = true,
                _ => {
                    let what =
                        "holds something else than Microsoft.Storage.BlobCreated and Microsoft.Storage.BlobDeleted";
                    return Err(fields.wrong("events", what));
                }
            }
        }
        if !created && !deleted {
            return Err(fields.wrong("events", "names no event"));
        }
        let begins = fields.text("blobPathBeginsWith")?.unwrap_or_default();
        let ends = fields.text("blobPathEndsWith")?.unwrap_or_default();
        if begins.is_empty() && ends.is_empty() {
            return Err(fields.wrong(
                "blobPathBeginsWith",
                "and `blobPathEndsWith` are missing: one of them is needed",
            ));
        }
        let (container, begins) = place(begins);
        if [container, begins]
            .iter()
            .any(|path| path.split('/').any(|part| part == ".."))
        {
            return Err(fields.wrong("blobPathBeginsWith", "leaves the store by `..`"));
        }
        let ignore_empty = match fields.get("ignoreEmptyBlobs") {
            None => true,
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => true,
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => false,
            Some(_) => return Err(fields.wrong("ignoreEmptyBlobs", "is neither true nor false")),
        };
        let pause = match fields.text("pollingInterval")? {
            None => PAUSE,
            Some(text) => span(text)
                .filter(|pause| (SHORTEST..=LONGEST).contains(pause))
                .ok_or_else(|| fields.wrong("pollingInterval", "is not a time span from 00:00:01 to 1.00:00:00"))?,
        };
        Ok(Self {
            container: container.to_owned(),
            begins: begins.to_owned(),
            ends: ends.to_owned(),
            created,
            deleted,
            ignore_empty,
            account: fields.text("scope")?.and_then(account).map(str::to_owned),
            pause,
        })
    }
}

/// `/container/blobs/folder/name`: the container, and what its paths begin with. Without `/blobs/` the first part is the
/// container.
fn place(text: &str) -> (&str, &str) {
    let rooted = text.strip_prefix('/').unwrap_or(text);
    if let Some(begins) = rooted.strip_prefix("blobs/").filter(|_| rooted.len() < text.len()) {
        return ("", begins);
    }
    if let Some(found) = rooted.split_once("/blobs/") {
        return found;
    }
    rooted.split_once('/').unwrap_or((rooted, ""))
}

/// The storage account of `/subscriptions/../providers/Microsoft.Storage/storageAccounts/name`.
fn account(scope: &str) -> Option<&str> {
    let mut parts = scope.split('/');
    parts.find(|part| part.eq_ignore_ascii_case("storageAccounts"))?;
    parts.next().filter(|name| !name.is_empty())
}
