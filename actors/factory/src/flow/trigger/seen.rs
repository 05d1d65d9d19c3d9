//! What a node has seen of a trigger's files, compared with what was known.

use super::watching::note;
use crate::app::App;
use crate::state::watches::{self, ARRIVED, FileRow, GONE, KNOWN, MISSING, NEW, WatchRow};
use crate::state::{Conn, json, stored, triggers};
use sluice_channel::Peer;
use sluice_contract::message::{FileSeen, FilesSeen};
use sluice_contract::{Code, Fault};
use std::collections::{BTreeSet, HashMap};

/// More parts than this are no answer to what was asked.
const MOST_PARTS: u32 = 10_000;

/// A part of a look has come. One that comes twice, too late, or from a node that was not asked changes nothing.
///
/// # Errors
/// `SL3005` when it is none, `SL9001`.
pub(crate) async fn seen(app: &App, peer: &Peer, part: &FilesSeen) -> Result<(), Fault> {
    let mut tx = app.state.write().await?;
    let Some(mut watch) = watches::of_look(&mut tx, &part.look).await? else {
        return Ok(());
    };
    if part.look.is_empty() || watch.node != peer.node.as_str() {
        return Ok(());
    }
    match &part.fault {
        Some(fault) => {
            note(&watch.trigger.clone(), &mut watch, fault);
            watch.next = 0;
        }
        None => take(&mut tx, &mut watch, part, app.clock.now()).await?,
    }
    watches::update(&mut tx, &watch).await?;
    if watch.look.is_empty() {
        triggers::ring(&mut tx, &watch.trigger).await?;
    }
    tx.commit().await
}

async fn take(conn: &mut Conn, watch: &mut WatchRow, part: &FilesSeen, moment: i64) -> Result<(), Fault> {
    check(part)?;
    let (after, until) = (part.after.as_deref(), part.until.as_deref());
    let known = watches::between(conn, &watch.trigger, after, until).await?;
    let changes = compare(watch, part, known);
    watches::put(conn, &watch.trigger, &changes.put).await?;
    for path in &changes.forget {
        watches::forget(conn, &watch.trigger, path).await?;
    }
    let mut parts: BTreeSet<u32> = stored("the parts of a look", &watch.parts)?;
    parts.insert(part.part);
    watch.parts = json(&parts)?;
    if u32::try_from(parts.len()).is_ok_and(|come| come == part.of) {
        watch.look.clear();
        watch.ready = true;
        watch.next = 0;
        watch.looked = Some(moment);
        watch.message = match part.left_out {
            0 => String::new(),
            count => format!(
                "{count} files have paths of more than {} bytes and are left out",
                FileSeen::LONGEST
            ),
        };
    }
    Ok(())
}

fn check(part: &FilesSeen) -> Result<(), Fault> {
    let within = |file: &FileSeen| {
        !file.path.is_empty()
            && file.path.len() <= FileSeen::LONGEST
            // PostgreSQL keeps no such text.
            && !file.path.contains('\0')
            && part.after.as_ref().is_none_or(|after| file.path > *after)
            && part.until.as_ref().is_none_or(|until| file.path <= *until)
    };
    if part.part < part.of && part.of <= MOST_PARTS && part.files.iter().all(within) {
        return Ok(());
    }
    Err(Fault::new(
        Code::MessageInvalid,
        "files.seen: a part or a path lies outside of what it says",
    ))
}

/// What has to be written after a comparison.
#[derive(Default)]
struct Changes {
    put: Vec<FileRow>,
    forget: Vec<String>,
}

/// A file has come when two looks find it and find it the same; it is gone when two do not find it.
fn compare(watch: &WatchRow, part: &FilesSeen, known: Vec<FileRow>) -> Changes {
    let mut changes = Changes::default();
    let mut known: HashMap<String, FileRow> = known.into_iter().map(|row| (row.path.clone(), row)).collect();
    for file in &part.files {
        let stamp = stamp(file);
        let fresh = |state: &str| FileRow {
            path: file.path.clone(),
            size: i64::try_from(file.size).unwrap_or(i64::MAX),
            stamp: stamp.clone(),
            state: state.to_owned(),
            look: watch.look.clone(),
            arrival: uuid::Uuid::now_v7().simple().to_string(),
        };
        let Some(row) = known.remove(&file.path) else {
            let state = if was_there(watch, file) { KNOWN } else { NEW };
            changes.put.push(fresh(state));
            continue;
        };
        match row.state.as_str() {
            // It is told that it went before it is told that it came again.
            GONE => {}
            _ if row.stamp != stamp => changes.put.push(fresh(NEW)),
            NEW if row.look != watch.look => changes.put.push(turned(row, ARRIVED, watch)),
            MISSING => changes.put.push(turned(row, KNOWN, watch)),
            _ => {}
        }
    }
    for (path, row) in known {
        match row.state.as_str() {
            NEW => changes.forget.push(path),
            KNOWN => changes.put.push(turned(row, MISSING, watch)),
            MISSING if row.look != watch.look => changes.put.push(turned(row, GONE, watch)),
            _ => {}
        }
    }
    changes
}

fn turned(row: FileRow, state: &str, watch: &WatchRow) -> FileRow {
    FileRow {
        state: state.to_owned(),
        look: watch.look.clone(),
        ..row
    }
}

/// Whether a file that is found by the first look was there when the trigger was started, by the store's clock.
fn was_there(watch: &WatchRow, file: &FileSeen) -> bool {
    !watch.ready && file.modified.is_none_or(|at| at.timestamp_micros() <= watch.since)
}

/// The file stands still as long as this does.
fn stamp(file: &FileSeen) -> String {
    let modified = file.modified.map(|at| at.timestamp_micros()).unwrap_or_default();
    format!("{} {modified} {}", file.size, file.version.replace('\0', ""))
}
