//! Which staged rows the target would not take: they are inserted one by one in a transaction that is rolled back.

use super::commit::{Publication, check};
use super::script;
use crate::errors;
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use sluice_contract::{Code, Fault};

/// Rows that are looked up at once.
const CHUNK: usize = 1_000;

/// Rows that are refused, by their number in the staging table.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    rows: Vec<(i64, usize)>,
    /// Why. There are few reasons, if many rows: SQLite names the constraint and not the value.
    reasons: Vec<String>,
}

impl Refused {
    pub(super) fn push(&mut self, row: i64, why: String) {
        let place = self.reasons.iter().position(|known| *known == why);
        let place = place.unwrap_or_else(|| {
            self.reasons.push(why);
            self.reasons.len() - 1
        });
        self.rows.push((row, place));
    }

    /// In pieces, each row with its reason.
    pub(crate) fn chunks(&self) -> impl Iterator<Item = Vec<(i64, String)>> {
        let reason = |place: usize| self.reasons.get(place).cloned().unwrap_or_default();
        let chunks = self.rows.chunks(CHUNK);
        chunks.map(move |chunk| chunk.iter().map(|(row, place)| (*row, reason(*place))).collect())
    }
}

/// Whether it is this row's own fault.
fn is_of_the_row(error: &rusqlite::Error) -> bool {
    let codes = [
        ErrorCode::ConstraintViolation,
        ErrorCode::TypeMismatch,
        ErrorCode::TooBig,
    ];
    error.sqlite_error_code().is_some_and(|code| codes.contains(&code))
}

/// Tries to publish, and undoes it.
///
/// # Errors
/// `SL60xx` for whatever is not a single row's fault.
pub(crate) fn refused(connection: &mut Connection, publication: &Publication, number: &str) -> Result<Refused, Fault> {
    let target = &publication.target;
    let doing = format!("trying the rows on {}", target.name);
    let failed = |error| errors::fault(&doing, &error);
    let mut refused = Refused::default();
    let Some(insert) = target.publish_rows(&publication.stage.sql()) else {
        // An upsert without unique keys writes all rows at once.
        return Ok(refused);
    };
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    // The rows of a job that was published would meet themselves.
    if check(&transaction, &publication.key)? {
        return transaction.rollback().map_err(failed).map(|()| refused);
    }
    publication.make_target(&transaction, &doing)?;
    if let Some(script) = &publication.script {
        script::run(&transaction, script)?;
    }
    transaction.execute_batch("SAVEPOINT sluice_trial").map_err(failed)?;
    let all = transaction.execute(&insert.replace("{rows}", "true"), []);
    match all {
        Ok(_) => return transaction.rollback().map_err(failed).map(|()| refused),
        Err(error) if !is_of_the_row(&error) => return Err(failed(error)),
        Err(_) => {}
    }
    let ended = |transaction: &Connection| {
        if transaction.is_autocommit() {
            let text = format!(
                "a constraint of {} ends the whole transaction, so no single row can be left out",
                target.name
            );
            return Err(Fault::new(Code::DataInvalid, text));
        }
        Ok(())
    };
    ended(&transaction)?;
    transaction.execute_batch("ROLLBACK TO sluice_trial").map_err(failed)?;
    {
        let stage = publication.stage.sql();
        let next = format!("SELECT {number} FROM {stage} WHERE {number} > ?1 ORDER BY {number} LIMIT {CHUNK}");
        let mut next = transaction.prepare(&next).map_err(failed)?;
        let mut one = transaction
            .prepare(&insert.replace("{rows}", &format!("{number} = ?1")))
            .map_err(failed)?;
        let mut last = i64::MIN;
        loop {
            let rows = next.query_map([last], |row| row.get::<_, i64>(0)).map_err(failed)?;
            let rows = rows.collect::<rusqlite::Result<Vec<_>>>().map_err(failed)?;
            let Some(end) = rows.last() else { break };
            last = *end;
            for row in rows {
                match one.execute([row]) {
                    Ok(_) => {}
                    Err(error) if is_of_the_row(&error) => {
                        ended(&transaction)?;
                        refused.push(row, error.to_string());
                    }
                    Err(error) => return Err(failed(error)),
                }
            }
        }
    }
    transaction.rollback().map_err(failed)?;
    Ok(refused)
}
