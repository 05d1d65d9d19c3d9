//! Files that come and go: what has to be told is told, and when it is time the store is looked at again.

use super::fire::fresh;
use super::keep::Look;
use super::{schedule, watching};
use crate::state::trigger_runs::{self, SUCCEEDED};
use crate::state::triggers::TriggerRow;
use crate::state::watches::{self, ARRIVED, FileRow, KNOWN};
use crate::state::{Conn, json};
use serde_json::{Value, json as value};
use sluice_contract::Fault;
use sluice_schedule::Arrivals;

/// How many files are told in one transaction.
const PORTION: i64 = 50;
/// How often it is looked whether the node that was asked is still there, in microseconds.
const STILL_THERE: i64 = 2_000_000;

/// Tells what has come and gone, and asks a node to look when it is time; the runs that were started.
pub(super) async fn keep(
    conn: &mut Conn,
    look: &Look<'_>,
    arrivals: &Arrivals,
    trigger: &mut TriggerRow,
) -> Result<Vec<String>, Fault> {
    let mut started = Vec::new();
    let watch = watches::find(conn, &trigger.id).await?;
    let (true, Some(mut watch)) = (trigger.started, watch) else {
        return Ok(started);
    };
    let files = watches::to_tell(conn, &trigger.id, PORTION).await?;
    let more = i64::try_from(files.len()).is_ok_and(|count| count == PORTION);
    for file in files {
        started.extend(tell(conn, look, arrivals, trigger, file).await?);
    }
    if watch.next == 0 {
        watch.next = look
            .moment
            .saturating_add(arrivals.pause.num_microseconds().unwrap_or_default());
        watches::update(conn, &watch).await?;
    }
    let asked = !watch.look.is_empty();
    if watch.next <= look.moment || (asked && watching::is_lost(conn, look, &watch).await?) {
        watching::look(conn, look, arrivals, &mut watch).await?;
        watches::update(conn, &watch).await?;
    }
    let next = match watch.look.is_empty() {
        true => watch.next,
        // Whether somebody still answers is looked at more often.
        false => watch.next.min(look.moment.saturating_add(STILL_THERE)),
    };
    trigger.due = Some(if more { look.moment } else { next });
    Ok(started)
}

/// Fires for one file, if the trigger is about that; in the same transaction it is known, or forgotten.
async fn tell(
    conn: &mut Conn,
    look: &Look<'_>,
    arrivals: &Arrivals,
    trigger: &TriggerRow,
    file: FileRow,
) -> Result<Vec<String>, Fault> {
    let came = file.state == ARRIVED;
    let (wanted, kind) = match came {
        true => (
            arrivals.created && !(arrivals.ignore_empty && file.size == 0),
            "BlobCreated",
        ),
        false => (arrivals.deleted, "BlobDeleted"),
    };
    let mut started = Vec::new();
    if wanted {
        let slot = format!("{kind} {}", file.arrival);
        let mut row = fresh(look, &trigger.id, slot, look.moment, SUCCEEDED);
        row.event = Some(json(&event(kind, &file.path))?);
        if trigger_runs::insert(conn, &row).await? {
            started = schedule::start(conn, look, &mut row).await?;
        }
    }
    if came {
        let known = FileRow {
            state: KNOWN.to_owned(),
            ..file
        };
        watches::put(conn, &trigger.id, &[known]).await?;
    } else {
        watches::forget(conn, &trigger.id, &file.path).await?;
    }
    Ok(started)
}

/// What `triggerBody()` is: folder and file as Data Factory has them, and what happened.
fn event(kind: &str, path: &str) -> Value {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    value!({ "folderPath": folder, "fileName": name, "eventType": format!("Microsoft.Storage.{kind}") })
}
