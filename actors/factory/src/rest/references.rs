//! Which documents refer to which.

use crate::state::documents::{self, DocumentKind};
use crate::state::{Conn, stored};
use serde_json::Value;
use sluice_contract::document::{LinkedService, text};
use sluice_contract::{Code, Fault};

/// Whether a document refers, anywhere in it, to one of a name.
fn refers(value: &Value, kind: &str, name: &str) -> bool {
    match value {
        Value::Object(object) => {
            let here = text(object, "type").is_some_and(|t| t.eq_ignore_ascii_case(kind))
                && text(object, "referenceName").is_some_and(|n| n.eq_ignore_ascii_case(name));
            here || object.values().any(|inner| refers(inner, kind, name))
        }
        Value::Array(items) => items.iter().any(|inner| refers(inner, kind, name)),
        _ => false,
    }
}

/// Checks that nothing refers to a document that is to be deleted.
///
/// # Errors
/// `SL4016`, naming the first few that do.
pub(crate) async fn check_unreferenced(
    conn: &mut Conn,
    factory: &str,
    kind: DocumentKind,
    name: &str,
) -> Result<(), Fault> {
    let by: &[DocumentKind] = match kind {
        DocumentKind::LinkedService => &[
            DocumentKind::Dataset,
            DocumentKind::Pipeline,
            DocumentKind::LinkedService,
            DocumentKind::DataFlow,
            DocumentKind::Trigger,
        ],
        DocumentKind::Dataset | DocumentKind::DataFlow => &[DocumentKind::Pipeline, DocumentKind::DataFlow],
        DocumentKind::Pipeline => &[DocumentKind::Pipeline, DocumentKind::Trigger],
        DocumentKind::Trigger => &[DocumentKind::Trigger],
        DocumentKind::Credential => &[DocumentKind::LinkedService],
        DocumentKind::GlobalParameter => &[],
    };
    let mut names = Vec::new();
    for other in by {
        for row in documents::list(conn, factory, *other, "", i64::MAX).await? {
            let itself = *other == kind && row.name.eq_ignore_ascii_case(name);
            let body: Value = stored("a document", &row.body)?;
            // v1 documents name the linked service with a plain string.
            let plain = kind == DocumentKind::LinkedService
                && body["properties"]["linkedServiceName"]
                    .as_str()
                    .is_some_and(|n| n.eq_ignore_ascii_case(name));
            if !itself && (plain || refers(&body, kind.reference(), name)) {
                names.push(row.name);
            }
        }
    }
    refuse(names)
}

/// Checks that no linked service names a gateway that is to be deleted.
///
/// # Errors
/// `SL4016`.
pub(crate) async fn check_gateway_unreferenced(conn: &mut Conn, factory: &str, name: &str) -> Result<(), Fault> {
    let mut names = Vec::new();
    for row in documents::list(conn, factory, DocumentKind::LinkedService, "", i64::MAX).await? {
        let body: Value = stored("a document", &row.body)?;
        let via = LinkedService::view(&body)
            .ok()
            .and_then(|service| service.gateway().map(str::to_owned));
        if via.is_some_and(|via| via.eq_ignore_ascii_case(name)) {
            names.push(row.name);
        }
    }
    refuse(names)
}

fn refuse(names: Vec<String>) -> Result<(), Fault> {
    if names.is_empty() {
        return Ok(());
    }
    let more = if names.len() > 5 { " and others" } else { "" };
    let named = names.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
    Err(Fault::new(
        Code::StillReferenced,
        format!("The document cannot be deleted since it is referenced by {named}{more}"),
    ))
}
