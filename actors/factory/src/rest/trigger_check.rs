//! Whether a trigger fits what is there: its pipelines, the triggers that it depends on, the windows that it has had.

use crate::flow::trigger::Definition;
use crate::state::documents::{self, DocumentKind};
use crate::state::factories::FactoryRow;
use crate::state::triggers::TriggerRow;
use crate::state::{Conn, stored, trigger_runs};
use serde_json::Value;
use sluice_contract::document::Trigger;
use sluice_contract::{Code, Fault};
use sluice_schedule::On;
use std::collections::HashSet;

/// Checks that all that a trigger names is there, and that it does not wait for itself by way of others.
///
/// # Errors
/// `SL4007`, `SL4031`.
pub(super) async fn check_references(
    conn: &mut Conn,
    factory: &FactoryRow,
    name: &str,
    view: &Trigger<'_>,
    definition: &Definition,
) -> Result<(), Fault> {
    for pipeline in view.pipelines()? {
        let found = documents::find(conn, &factory.id, DocumentKind::Pipeline, pipeline.name).await?;
        if found.is_none() {
            let what = format!("there is no pipeline named {}", pipeline.name);
            return Err(Fault::new(Code::ReferenceMissing, what));
        }
    }
    if let Some(service) = view.linked_service() {
        let found = documents::find(conn, &factory.id, DocumentKind::LinkedService, service.name).await?;
        if found.is_none() {
            let what = format!("there is no linked service named {}", service.name);
            return Err(Fault::new(Code::ReferenceMissing, what));
        }
    }
    let mut seen = HashSet::new();
    let mut open = others(definition);
    while let Some(other) = open.pop() {
        if other.eq_ignore_ascii_case(name) {
            let what = format!("the trigger {name} depends on itself, by way of others or without an offset");
            return Err(Fault::new(Code::TriggerInvalid, what));
        }
        if !seen.insert(other.to_lowercase()) {
            continue;
        }
        let document = documents::find(conn, &factory.id, DocumentKind::Trigger, &other).await?;
        let document =
            document.ok_or_else(|| Fault::new(Code::ReferenceMissing, format!("there is no trigger named {other}")))?;
        let body: Value = stored("a trigger", &document.body)?;
        match Definition::read(&Trigger::view(&body)?, 0)? {
            Definition::Schedule(_) | Definition::Arrivals(_) | Definition::Never => {
                let what = format!("the trigger {name} depends on {other}, which has no windows");
                return Err(Fault::new(Code::TriggerInvalid, what));
            }
            definition => open.extend(others(&definition)),
        }
    }
    Ok(())
}

/// The other triggers that a definition names.
fn others(definition: &Definition) -> Vec<String> {
    let Definition::Tumbling(tumbling) = definition else {
        return Vec::new();
    };
    let named = tumbling
        .depends_on
        .iter()
        .filter_map(|dependency| match &dependency.on {
            On::Itself => None,
            On::Trigger(name) => Some(name.clone()),
        });
    named.collect()
}

/// Checks a trigger that takes an older one's place against the windows that are there. How far it has come: with another
/// start, windows are gone through again from there, and those that were are not made twice.
///
/// # Errors
/// `SL4033`.
pub(super) async fn check_windows(
    conn: &mut Conn,
    row: &TriggerRow,
    before: &Definition,
    after: &Definition,
) -> Result<i64, Fault> {
    let (Definition::Tumbling(before), Definition::Tumbling(after)) = (before, after) else {
        return Ok(row.reached);
    };
    let (before, after) = (before.windows, after.windows);
    let same_size = (before.unit, before.interval) == (after.unit, after.interval);
    if !same_size && trigger_runs::has_windows(conn, &row.id).await? {
        let what = format!(
            "the trigger {} has had windows of {} {:?}, and cannot have others",
            row.name_key, before.interval, before.unit
        );
        return Err(Fault::new(Code::TriggerWindowsFixed, what));
    }
    Ok(if before.start == after.start { row.reached } else { 0 })
}
