//! From GetMetadata, Delete and Validation to jobs: they say beside the dataset which of its files are meant.

use super::task::over_dataset;
use super::{Planned, Work};
use crate::state::Conn;
use sluice_contract::document::{Policy, member, timespan};
use sluice_contract::job::Task;
use sluice_contract::{Code, Fault, Object};
use std::time::Duration;

/// How long a Validation waits, unless it says otherwise; as in ADF.
const WAITS: Duration = Duration::from_secs(7 * 24 * 3600);

/// Plans a GetMetadata.
///
/// # Errors
/// As [`over_dataset`].
pub(super) async fn metadata(conn: &mut Conn, work: &Work<'_>) -> Result<Planned, Fault> {
    over_dataset(conn, work, Task::GetMetadata, &asks(work), work.activity.policy()?).await
}

/// Plans a Delete.
///
/// # Errors
/// As [`over_dataset`].
pub(super) async fn delete(conn: &mut Conn, work: &Work<'_>) -> Result<Planned, Fault> {
    over_dataset(conn, work, Task::Delete, &asks(work), work.activity.policy()?).await
}

/// Plans a Validation. Its timeout is its own, and it is not tried again when it has passed.
///
/// # Errors
/// As [`over_dataset`]; `SL4003` for a timeout of the wrong form.
pub(super) async fn validation(conn: &mut Conn, work: &Work<'_>) -> Result<Planned, Fault> {
    let timeout = match member(work.activity.type_properties(), "timeout") {
        None | Some(serde_json::Value::Null) => WAITS,
        Some(given) => given.as_str().and_then(timespan).ok_or_else(|| {
            let text = format!(
                "activity {}: its timeout is not of the form d.hh:mm:ss",
                work.activity.name()
            );
            Fault::new(Code::DocumentInvalid, text)
        })?,
    };
    let policy = Policy {
        timeout,
        ..work.activity.policy()?
    };
    over_dataset(conn, work, Task::Validation, &asks(work), policy).await
}

/// `storeSettings` and `formatSettings`.
fn asks(work: &Work<'_>) -> Object {
    let settings = work.activity.type_properties();
    let named = ["storeSettings", "formatSettings"].into_iter();
    let found = named.filter_map(|name| Some((name.to_owned(), member(settings, name)?.clone())));
    found.filter(|(_, value)| value.is_object()).collect()
}
