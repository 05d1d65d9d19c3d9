//! Moving staged rows into the table.

use super::stage::ROW;
use super::target::{Target, TargetColumn};
use crate::names::{TableName, quote};
use crate::session::{Session, value};
use sluice_contract::{Code, Fault};

/// What is moved where.
pub(super) struct Moves<'a> {
    pub(super) target: &'a Target,
    pub(super) stage: &'a TableName,
    /// Locks the whole table from the first row on.
    pub(super) lock_table: bool,
}

/// The first and the last number of the rows that are moved.
pub(super) type Numbers = (i64, i64);

impl Moves<'_> {
    /// Sees that every staged row of an upsert has one key of its own.
    ///
    /// # Errors
    /// `SL6011` when one has not; other `SL60xx`.
    pub(super) async fn check_keys(&self, session: &mut Session, doing: &str) -> Result<(), Fault> {
        let keys: Vec<String> = self.target.keys.iter().map(|key| quote(key)).collect();
        if keys.is_empty() {
            return Ok(());
        }
        let staged = self.stage.quoted();
        let named = self.target.keys.join(", ");
        let data = |text: String| Err(Fault::new(Code::DataInvalid, format!("{doing}: {text}")));
        let any_null: Vec<String> = keys.iter().map(|key| format!("{key} IS NULL")).collect();
        let nulls = format!("SELECT TOP 1 1 FROM {staged} WHERE {}", any_null.join(" OR "));
        if !session.long(doing, &nulls).await?.is_empty() {
            return data(format!("a row has NULL in the upsert's key ({named})"));
        }
        let list = keys.join(", ");
        let twice = format!("SELECT TOP 1 COUNT_BIG(*) FROM {staged} GROUP BY {list} HAVING COUNT_BIG(*) > 1");
        if !session.long(doing, &twice).await?.is_empty() {
            return data(format!("two rows have the same upsert key ({named})"));
        }
        Ok(())
    }

    /// Adds the staged rows, or those of some numbers; an upsert replaces the rows whose keys are there. How many it were.
    ///
    /// # Errors
    /// The server's.
    pub(super) async fn run(&self, session: &mut Session, doing: &str, numbers: Option<Numbers>) -> Result<u64, Fault> {
        match self.target.keys.is_empty() {
            true => self.insert(session, doing, numbers).await,
            false => self.upsert(session, doing, numbers).await,
        }
    }

    async fn insert(&self, session: &mut Session, doing: &str, numbers: Option<Numbers>) -> Result<u64, Fault> {
        let list = self.target.list();
        let hint = if self.lock_table { " WITH (TABLOCK)" } else { "" };
        let insert = format!(
            "INSERT INTO {}{hint} ({list}) SELECT {list} FROM {} AS s{}",
            self.target.name.quoted(),
            self.stage.quoted(),
            numbered(" WHERE", numbers)
        );
        counted(session, doing, &self.with_identity(&insert)).await
    }

    async fn upsert(&self, session: &mut Session, doing: &str, numbers: Option<Numbers>) -> Result<u64, Fault> {
        let (table, staged) = (self.target.name.quoted(), self.stage.quoted());
        let same = self.target.same_key();
        let some = numbered(" AND", numbers);
        let is_key = |column: &&TargetColumn| self.target.keys.contains(&column.name);
        let others: Vec<String> = self
            .target
            .columns
            .iter()
            .filter(|column| !is_key(column))
            .map(|column| quote(&column.name))
            .collect();
        // Locks on the ranges of the keys, held to the end, keep others from adding the same rows in between.
        let hint = if self.lock_table {
            "TABLOCKX, HOLDLOCK"
        } else {
            "UPDLOCK, HOLDLOCK"
        };
        let updated = match others.is_empty() {
            false => {
                let set: Vec<String> = others.iter().map(|column| format!("{column} = s.{column}")).collect();
                let update = format!(
                    "UPDATE t SET {} FROM {table} AS t WITH ({hint}) INNER JOIN {staged} AS s ON {same}{some}",
                    set.join(", ")
                );
                counted(session, doing, &update).await?
            }
            true => {
                let found = format!(
                    "SELECT COUNT_BIG(*) FROM {staged} AS s INNER JOIN {table} AS t WITH ({hint}) ON {same}{some}"
                );
                one(session, doing, &found).await?
            }
        };
        let columns: Vec<String> = self
            .target
            .columns
            .iter()
            .map(|column| format!("s.{}", quote(&column.name)))
            .collect();
        let insert = format!(
            "INSERT INTO {table} ({}) SELECT {} FROM {staged} AS s WHERE NOT EXISTS \
             (SELECT 1 FROM {table} AS t WITH ({hint}) WHERE {same}){some}",
            self.target.list(),
            columns.join(", ")
        );
        Ok(updated + counted(session, doing, &self.with_identity(&insert)).await?)
    }

    /// Lets values of an identity column in, until the session ends.
    fn with_identity(&self, statement: &str) -> String {
        match self.target.identity {
            true => format!("SET IDENTITY_INSERT {} ON; {statement}", self.target.name.quoted()),
            false => statement.to_owned(),
        }
    }
}

/// The condition on the numbers of rows.
fn numbered(word: &str, numbers: Option<Numbers>) -> String {
    match numbers {
        Some((first, last)) => format!("{word} s.{ROW} BETWEEN {first} AND {last}"),
        None => String::new(),
    }
}

/// Runs a statement, and asks how many rows it has changed: what triggers change is not counted.
async fn counted(session: &mut Session, doing: &str, statement: &str) -> Result<u64, Fault> {
    one(
        session,
        doing,
        &format!("{statement}; SELECT CAST(@@ROWCOUNT AS bigint)"),
    )
    .await
}

/// The number that a batch ends with.
async fn one(session: &mut Session, doing: &str, batch: &str) -> Result<u64, Fault> {
    let rows = session.last(doing, batch).await?;
    let count = rows
        .first()
        .map(|row| value::<i64>(row, 0, doing))
        .transpose()?
        .flatten();
    Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
}
