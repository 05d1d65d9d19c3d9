//! What the sinks of databases have in common in their `sink` object.

use sluice_contract::document::text;
use sluice_contract::{Code, Fault, Object};

/// The members of a Copy activity's `sink` that every database takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableSink {
    /// `tableOption: autoCreate`: the table is made when it is not there.
    pub create: bool,
    /// `preCopyScript`: runs before the rows are published, in the same transaction.
    pub script: Option<String>,
}

/// Members that choose a way of writing, and the ways that are served.
const WAYS: [(&str, &[&str]); 3] = [
    ("writeBehavior", &["insert"]),
    ("writeMethod", &["BulkInsert", "CopyCommand"]),
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
        let script = text(activity, "preCopyScript").map(str::trim);
        Ok(Self {
            create: text(activity, "tableOption").is_some_and(|word| word.eq_ignore_ascii_case("autoCreate")),
            script: script.filter(|script| !script.is_empty()).map(str::to_owned),
        })
    }
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
        };
        assert_eq!(sink.unwrap(), expected);
        assert_eq!(
            of(serde_json::json!({ "preCopyScript": " " })).unwrap(),
            TableSink::default()
        );
        for member in ["writeBehavior", "writeMethod", "tableOption"] {
            let fault = of(serde_json::json!({ member: "upsert" })).unwrap_err();
            assert_eq!(fault.code, Code::PropertyMissing);
            assert!(fault.message.contains(member), "{fault}");
        }
    }
}
