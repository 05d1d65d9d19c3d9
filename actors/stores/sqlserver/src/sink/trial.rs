//! Trying the staged rows on the table with its constraints, to leave out those that it refuses.
//!
//! All in one transaction that is rolled back: keys that two staged rows have in common are found as those that the table has
//! already. What was accepted together is accepted again when it is published, unless somebody else writes meanwhile.

use super::commit::run_script;
use super::moves::{Moves, Numbers};
use super::stage::ROW;
use crate::describe;
use crate::session::{Session, value};
use crate::settings::Settings;
use sluice_contract::{Code, Fault};
use sluice_store_core::{Rejected, Rejects, Side};
use tiberius::Row;

/// Rows that are looked up and removed with one statement.
const AT_ONCE: usize = 500;

/// Leaves out the rows that the table does not take, and removes them from the staging.
///
/// # Errors
/// What has nothing to do with single rows; or when a row cannot be taken down as left out.
pub(super) async fn run(
    mut session: Session,
    settings: &Settings,
    moves: &Moves<'_>,
    script: Option<&str>,
    rejects: &Rejects,
) -> Result<(), Fault> {
    let doing = format!("trying the rows on {}", moves.target.name);
    let Some(all) = numbers(&mut session, moves, &doing).await? else {
        return Ok(());
    };
    // A table that is made has no constraints; one that was made meanwhile is.
    if moves.target.create.is_some() && !describe::exists(&mut session, &moves.target.name.quoted()).await? {
        return Ok(());
    }
    // A refused statement undoes itself only, and not what was accepted before it.
    session.run(&doing, "SET XACT_ABORT OFF; BEGIN TRANSACTION").await?;
    if let Some(script) = script {
        run_script(&mut session, script).await?;
    }
    let mut refused: Vec<(i64, Fault)> = Vec::new();
    let mut todo = vec![all];
    while let Some((first, last)) = todo.pop() {
        match moves.run(&mut session, &doing, Some((first, last))).await {
            Ok(_) => {}
            Err(fault) if fault.code == Code::DataInvalid => {
                open(&mut session, &doing, &fault).await?;
                match first == last {
                    true => refused.push((first, fault)),
                    false => {
                        let middle = first + (last - first) / 2;
                        todo.push((middle + 1, last));
                        todo.push((first, middle));
                    }
                }
            }
            Err(fault) => return Err(fault),
        }
    }
    session.run(&doing, "ROLLBACK TRANSACTION").await?;
    drop(session);
    if refused.is_empty() {
        return Ok(());
    }
    let mut session = Session::open(settings).await?;
    for part in refused.chunks(AT_ONCE) {
        leave_out(&mut session, moves, part, rejects, &doing).await?;
    }
    Ok(())
}

/// The first and last number of the staged rows; none when there are none.
async fn numbers(session: &mut Session, moves: &Moves<'_>, doing: &str) -> Result<Option<Numbers>, Fault> {
    let query = format!(
        "SELECT CAST(MIN({ROW}) AS bigint), CAST(MAX({ROW}) AS bigint) FROM {}",
        moves.stage.quoted()
    );
    let rows = session.long(doing, &query).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(value::<i64>(row, 0, doing)?.zip(value::<i64>(row, 1, doing)?))
}

/// Some errors end the transaction whatever was asked for: then rows cannot be told apart.
async fn open(session: &mut Session, doing: &str, fault: &Fault) -> Result<(), Fault> {
    let rows = session.rows(doing, "SELECT @@TRANCOUNT").await?;
    let count = rows
        .first()
        .map(|row| value::<i32>(row, 0, doing))
        .transpose()?
        .flatten();
    match count {
        Some(1) => Ok(()),
        _ => Err(fault
            .clone()
            .context("rows that the table refuses cannot be told apart")),
    }
}

/// Takes rows down as left out, and removes them.
async fn leave_out(
    session: &mut Session,
    moves: &Moves<'_>,
    refused: &[(i64, Fault)],
    rejects: &Rejects,
    doing: &str,
) -> Result<(), Fault> {
    let staged = moves.stage.quoted();
    let list: Vec<String> = refused.iter().map(|(number, _)| number.to_string()).collect();
    let list = list.join(", ");
    let select = format!(
        "SELECT {} FROM {staged} WHERE {ROW} IN ({list}) ORDER BY {ROW}",
        moves.target.printed()
    );
    let found = session.long(doing, &select).await?;
    session
        .run(doing, &format!("DELETE FROM {staged} WHERE {ROW} IN ({list})"))
        .await?;
    // Both are in the order of their numbers.
    let mut ordered: Vec<&(i64, Fault)> = refused.iter().collect();
    ordered.sort_by_key(|(number, _)| *number);
    for (row, (_, fault)) in found.iter().zip(ordered) {
        let rejected = Rejected {
            side: Side::Sink,
            place: moves.target.name.to_string(),
            record: printed(row, doing)?,
            fault: fault.clone(),
        };
        rejects.row(rejected).await?;
    }
    Ok(())
}

/// A row of texts as delimited text.
fn printed(row: &Row, doing: &str) -> Result<String, Fault> {
    let text = |column| {
        let text = value::<&str>(row, column, doing)?;
        Ok(text.map_or_else(String::new, |text| format!("\"{}\"", text.replace('"', "\"\""))))
    };
    Ok((0..row.len()).map(text).collect::<Result<Vec<_>, Fault>>()?.join(","))
}
