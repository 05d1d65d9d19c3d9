//! What the sinks of databases have in common in their `sink` object.

use serde_json::Value;
use sluice_contract::document::{member, text};
use sluice_contract::{Code, Fault, Object};

/// The members of a Copy activity's `sink` that every database takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableSink {
    /// `tableOption: autoCreate`: the table is made when it is not there.
    pub create: bool,
    /// `preCopyScript`, or the older `sqlWriterCleanupScript`: runs before the rows are published, in the same transaction.
    pub script: Option<String>,
    /// `writeBehavior`.
    pub behavior: WriteBehavior,
}

/// Why a table is not made, or not written, for an empty source that says nothing of its columns.
pub fn columnless(what: impl std::fmt::Display) -> Fault {
    let text = format!(
        "the source is empty and says nothing of its columns, and {what}: name them in the source dataset's `schema`, or in \
         `translator.mappings`"
    );
    Fault::new(Code::SchemaMismatch, text)
}

/// How rows meet those that are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum WriteBehavior {
    /// They are added.
    #[default]
    Insert,
    /// A row whose keys are there replaces the values of its other columns; the rest is added.
    Upsert {
        /// `upsertSettings.keys`; empty means the table's primary key.
        keys: Vec<String>,
    },
}

/// Members that choose a way of writing, and the ways that are served.
const WAYS: [(&str, &[&str]); 3] = [
    ("writeBehavior", &["insert", "upsert"]),
    ("writeMethod", &["BulkInsert", "CopyCommand", "Upsert"]),
    ("tableOption", &["autoCreate", "none"]),
];

impl TableSink {
    /// Reads the activity's `sink` object.
    ///
    /// # Errors
    /// `SL6013` for a way of writing that is not served: it is not written in another way instead.
    pub fn of(activity: &Object) -> Result<Self, Fault> {
        for (member, served) in WAYS {
            let asked =
                text(activity, member).filter(|word| !served.iter().any(|known| known.eq_ignore_ascii_case(word)));
            if let Some(word) = asked {
                let known = served.join(", ");
                let text = format!("the sink's {member} {word:?} is not served; known: {known}");
                return Err(Fault::new(Code::PropertyMissing, text));
            }
        }
        // The older name is that of v1.
        let script = text(activity, "preCopyScript")
            .or(text(activity, "sqlWriterCleanupScript"))
            .map(str::trim);
        Ok(Self {
            create: text(activity, "tableOption").is_some_and(|word| word.eq_ignore_ascii_case("autoCreate")),
            behavior: behavior(activity)?,
            script: script.filter(|script| !script.is_empty()).map(str::to_owned),
        })
    }

    /// For a sink that only adds rows.
    ///
    /// # Errors
    /// `SL6013` when an upsert is asked for.
    pub fn only_inserts(&self) -> Result<(), Fault> {
        match self.behavior {
            WriteBehavior::Insert => Ok(()),
            WriteBehavior::Upsert { .. } => Err(Fault::new(
                Code::PropertyMissing,
                "the sink's writeBehavior \"upsert\" is not served here; known: insert",
            )),
        }
    }
}

fn behavior(activity: &Object) -> Result<WriteBehavior, Fault> {
    let upsert = |name| text(activity, name).is_some_and(|word| word.eq_ignore_ascii_case("upsert"));
    if !upsert("writeBehavior") && !upsert("writeMethod") {
        return Ok(WriteBehavior::Insert);
    }
    let malformed = || {
        Fault::new(
            Code::PropertyMissing,
            "the sink's upsertSettings.keys is not a list of columns",
        )
    };
    let keys = match member(activity, "upsertSettings") {
        None | Some(Value::Null) => None,
        Some(Value::Object(settings)) => member(settings, "keys").filter(|keys| !keys.is_null()),
        Some(_) => return Err(malformed()),
    };
    let keys = match keys {
        None => Vec::new(),
        Some(Value::Array(keys)) => keys
            .iter()
            .map(|key| key.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(malformed)?,
        Some(_) => return Err(malformed()),
    };
    Ok(WriteBehavior::Upsert { keys })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: serde_json::Value) -> Result<TableSink, Fault> {
        TableSink::of(value.as_object().unwrap())
    }

    #[test]
    fn ways_of_writing_are_taken_or_refused() {
        let sink = of(
            serde_json::json!({ "tableOption": "AutoCreate", "preCopyScript": " DELETE FROM t ", "writeBehavior": "Insert" }),
        );
        let expected = TableSink {
            create: true,
            script: Some("DELETE FROM t".to_owned()),
            behavior: WriteBehavior::Insert,
        };
        assert_eq!(sink.unwrap(), expected);
        assert_eq!(
            of(serde_json::json!({ "sqlWriterCleanupScript": "DELETE" }))
                .unwrap()
                .script,
            Some("DELETE".to_owned())
        );
        assert_eq!(
            of(serde_json::json!({ "preCopyScript": " " })).unwrap(),
            TableSink::default()
        );
        for member in ["writeBehavior", "writeMethod", "tableOption"] {
            let fault = of(serde_json::json!({ member: "merge" })).unwrap_err();
            assert_eq!(fault.code, Code::PropertyMissing);
            assert!(fault.message.contains(member), "{fault}");
        }
    }

    #[test]
    fn upserts_name_their_keys() {
        let keys = |value| of(value).map(|sink| sink.behavior);
        assert_eq!(
            keys(serde_json::json!({ "writeBehavior": "Upsert", "upsertSettings": { "keys": ["a", "b"], "useTempDB": true } })).unwrap(),
            WriteBehavior::Upsert { keys: vec!["a".into(), "b".into()] }
        );
        assert_eq!(
            keys(serde_json::json!({ "writeMethod": "Upsert" })).unwrap(),
            WriteBehavior::Upsert { keys: Vec::new() }
        );
        for settings in [
            serde_json::json!({ "keys": "a" }),
            serde_json::json!({ "keys": [1] }),
            serde_json::json!([]),
        ] {
            let fault = keys(serde_json::json!({ "writeBehavior": "upsert", "upsertSettings": settings })).unwrap_err();
            assert_eq!(fault.code, Code::PropertyMissing);
        }
    }
}
