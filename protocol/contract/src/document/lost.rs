//! Activities whose type azure-mgmt-datafactory 10.0.0 lost: built with keyword arguments they are sent as `Execution` or
//! `Container`, the names of their base classes. Where the members leave one possibility, it is that one; where they leave
//! several, nothing is guessed.

use super::member;
use crate::Object;
use crate::codes::Code;
use crate::fault::Fault;

/// The base class, members of `typeProperties` that have to be there, members that may not, and what it is.
type Shape = (
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
    &'static str,
);

const SHAPES: &[Shape] = &[
    ("Execution", &["source", "sink"], &[], "Copy"),
    ("Execution", &["source", "dataset"], &["sink"], "Lookup"),
    ("Execution", &["dataset", "fieldList"], &[], "GetMetadata"),
    ("Execution", &["scripts"], &[], "Script"),
    ("Execution", &["storedProcedureName"], &[], "SqlServerStoredProcedure"),
    ("Execution", &["url", "method"], &[], "WebActivity"),
    ("Execution", &["dataFlow"], &["sinks", "queries"], "ExecuteDataFlow"),
    ("Container", &["pipeline"], &[], "ExecutePipeline"),
    ("Container", &["items", "activities"], &[], "ForEach"),
    ("Container", &["items", "condition"], &[], "Filter"),
    ("Container", &["expression", "ifTrueActivities"], &[], "IfCondition"),
    ("Container", &["expression", "ifFalseActivities"], &[], "IfCondition"),
    ("Container", &["expression", "activities"], &[], "Until"),
    ("Container", &["on"], &[], "Switch"),
    ("Container", &["waitTimeInSeconds"], &[], "Wait"),
    ("Container", &["errorCode", "message"], &[], "Fail"),
    ("Container", &["url", "method"], &[], "WebHook"),
    ("Container", &["dataset"], &[], "Validation"),
];

/// The type of an activity that was sent under the name of a base class; `None` for one that was not.
///
/// # Errors
/// [`Code::TypeMissing`] when several are possible.
pub(super) fn kind(activity: &str, sent: &str, properties: &Object) -> Result<Option<&'static str>, Fault> {
    if sent != "Execution" && sent != "Container" {
        return Ok(None);
    }
    let has = |name: &&str| member(properties, name).is_some();
    let fits =
        |(base, needed, excluded, _): &&Shape| *base == sent && needed.iter().all(&has) && !excluded.iter().any(&has);
    match SHAPES.iter().find(fits) {
        Some((.., kind)) => Ok(Some(kind)),
        None => Err(Fault::new(
            Code::TypeMissing,
            format!(
                "the activity {activity} has the type {sent:?}, which is none, and its members fit several \
                 (azure-mgmt-datafactory 10.0.0 built with keyword arguments does this)"
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_plain_is_taken_and_what_is_not_is_named() {
        let of = |sent: &str, properties: serde_json::Value| kind("a", sent, properties.as_object().unwrap());
        let found = |sent: &str, properties: serde_json::Value| of(sent, properties).unwrap();
        assert_eq!(found("Copy", json!({})), None);
        assert_eq!(found("Execution", json!({ "source": {}, "sink": {} })), Some("Copy"));
        assert_eq!(
            found("Execution", json!({ "source": {}, "dataset": {} })),
            Some("Lookup")
        );
        assert_eq!(
            found("Container", json!({ "items": {}, "activities": [] })),
            Some("ForEach")
        );
        assert_eq!(
            found("Container", json!({ "expression": {}, "activities": [] })),
            Some("Until")
        );
        // Setting a variable or appending to it, deleting files or looking at them: nothing is guessed.
        for (sent, properties) in [
            ("Container", json!({ "variableName": "v", "value": 1 })),
            ("Execution", json!({ "dataset": {} })),
            ("Execution", json!({})),
        ] {
            let fault = of(sent, properties).unwrap_err();
            assert_eq!(fault.code, Code::TypeMissing);
            assert!(fault.message.contains("10.0.0"), "{}", fault.message);
        }
    }
}
