//! Rows that replace those of the same keys.

use super::stage::Stage;
use super::target::Target;
use super::trial::Refused;
use crate::errors;
use crate::names::{quote, quote_all};
use rusqlite::{Connection, Transaction};
use sluice_contract::{Code, Fault};

/// How rows of the same keys are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Upsert {
    /// The target's key columns, as it spells them.
    pub(crate) keys: Vec<String>,
    /// Whether the target itself keeps them unique.
    pub(crate) unique: bool,
}

impl Upsert {
    /// Finds the key columns, in a table that is there: those that were named, or its primary key.
    ///
    /// # Errors
    /// `SL6013` when none was named and the table has no primary key, `SL6012` when one is not written; other `SL60xx`.
    pub(crate) fn of(connection: &Connection, target: &Target, named: &[String]) -> Result<Self, Fault> {
        let table = &target.name;
        let failed = |error| errors::fault(&format!("describing the keys of {table}"), &error);
        let primary = primary_key(connection, table).map_err(failed)?;
        let wanted = if named.is_empty() { &primary } else { named };
        if wanted.is_empty() {
            let text = format!("{table} has no primary key, and upsertSettings.keys names no columns");
            return Err(Fault::new(Code::PropertyMissing, text));
        }
        let keys = written(target, wanted)?;
        let mut unique = unique_keys(connection, table).map_err(failed)?;
        unique.push(primary);
        Ok(Self {
            unique: unique.iter().any(|columns| alike(columns, &keys)),
            keys,
        })
    }

    /// The keys of a table that is to be created.
    ///
    /// # Errors
    /// `SL6013` when none was named, `SL6012` when one is not written.
    pub(crate) fn of_created(target: &Target, named: &[String]) -> Result<Self, Fault> {
        if named.is_empty() {
            let text = format!(
                "{} is to be created, and upsertSettings.keys names no columns",
                target.name
            );
            return Err(Fault::new(Code::PropertyMissing, text));
        }
        Ok(Self {
            keys: written(target, named)?,
            unique: true,
        })
    }

    /// Refuses staged rows that have no key, or the same as others.
    ///
    /// # Errors
    /// `SL6011`, saying how many.
    pub(crate) fn check(&self, connection: &Connection, stage: &str) -> Result<(), Fault> {
        let failed = |error| errors::fault(&format!("looking at the keys in {stage}"), &error);
        let keys = quote_all(self.keys.iter().map(String::as_str));
        let count = |query: &str| {
            connection
                .query_row(query, [], |row| row.get::<_, i64>(0))
                .map_err(failed)
        };
        let without = count(&format!("SELECT count(*) FROM {stage} WHERE {}", self.null()))?;
        if without > 0 {
            let text =
                format!("{without} rows have NULL in the key columns {keys}, and an upsert finds no row by that");
            return Err(Fault::new(Code::DataInvalid, text));
        }
        let same = count(&format!(
            "SELECT count(*) FROM (SELECT 1 FROM {stage} GROUP BY {keys} HAVING count(*) > 1)"
        ))?;
        if same > 0 {
            let text = format!("{same} keys in the columns {keys} have several rows, and only one of each could stay");
            return Err(Fault::new(Code::DataInvalid, text));
        }
        Ok(())
    }

    /// What stands behind an INSERT of any rows; none when the target does not keep the keys unique itself.
    pub(crate) fn on_conflict(&self, target: &Target) -> Option<String> {
        if !self.unique {
            return None;
        }
        let keys = quote_all(self.keys.iter().map(String::as_str));
        let way = match self.others(target).is_empty() {
            true => "NOTHING".to_owned(),
            false => format!("UPDATE SET {}", self.set(target, "excluded")),
        };
        Some(format!("ON CONFLICT ({keys}) DO {way}"))
    }

    /// Writes the staged rows into a target that does not keep the keys unique itself; says how many there were.
    ///
    /// # Errors
    /// SQLite's.
    pub(crate) fn publish(
        &self,
        transaction: &Transaction<'_>,
        target: &Target,
        stage: &Stage,
    ) -> rusqlite::Result<usize> {
        let (table, from, list) = (quote(&target.name), stage.sql(), target.list());
        let same = |left: &str, right: &str| {
            let pairs = self
                .keys
                .iter()
                .map(|key| format!("{left}.{0} = {right}.{0}", quote(key)));
            pairs.collect::<Vec<_>>().join(" AND ")
        };
        let keys = quote_all(self.keys.iter().map(String::as_str));
        transaction.execute_batch(&format!(
            "CREATE INDEX {}.{} ON {} ({keys})",
            stage.schema,
            quote("_sluice_stage_keys"),
            quote(&stage.table)
        ))?;
        if !self.others(target).is_empty() {
            let set = self.set(target, "s");
            let update = format!(
                "UPDATE main.{table} AS t SET {set} FROM {from} AS s WHERE {}",
                same("t", "s")
            );
            transaction.execute(&update, [])?;
        }
        let columns = target.columns.iter().map(|column| format!("s.{}", quote(&column.name)));
        let columns = columns.collect::<Vec<_>>().join(", ");
        let first = quote(self.keys.first().map_or("", String::as_str));
        let insert = format!(
            "INSERT INTO main.{table} ({list}) SELECT {columns} FROM {from} AS s \
             LEFT JOIN main.{table} AS t ON {} WHERE t.{first} IS NULL",
            same("t", "s")
        );
        transaction.execute(&insert, [])?;
        count(transaction, &from)
    }

    /// The columns that are not keys.
    pub(crate) fn others<'a>(&self, target: &'a Target) -> Vec<&'a str> {
        let names = target.columns.iter().map(|column| column.name.as_str());
        names.filter(|name| !self.keys.iter().any(|key| key == name)).collect()
    }

    fn set(&self, target: &Target, from: &str) -> String {
        let set = self
            .others(target)
            .into_iter()
            .map(|name| format!("{0} = {from}.{0}", quote(name)));
        set.collect::<Vec<_>>().join(", ")
    }

    /// Staged rows that have no key, or the same as an earlier one.
    ///
    /// # Errors
    /// `SL60xx`.
    pub(crate) fn unusable(&self, connection: &Connection, stage: &str, number: &str) -> Result<Refused, Fault> {
        let failed = |error| errors::fault("looking at the staged keys", &error);
        let keys = quote_all(self.keys.iter().map(String::as_str));
        let mut refused = Refused::default();
        let mut all = |condition: String, why: String| -> rusqlite::Result<()> {
            let mut statement = connection.prepare(&format!("SELECT {number} FROM {stage} WHERE {condition}"))?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                refused.push(row.get(0)?, why.clone());
            }
            Ok(())
        };
        let null = self.null();
        all(null.clone(), format!("NULL in the key columns {keys}")).map_err(failed)?;
        let later = format!("NOT ({null}) AND {number} NOT IN (SELECT min({number}) FROM {stage} GROUP BY {keys})");
        all(later, format!("the same key in the columns {keys} as an earlier row")).map_err(failed)?;
        Ok(refused)
    }

    fn null(&self) -> String {
        let null = self.keys.iter().map(|key| format!("{} IS NULL", quote(key)));
        null.collect::<Vec<_>>().join(" OR ")
    }
}

fn count(transaction: &Transaction<'_>, stage: &str) -> rusqlite::Result<usize> {
    let count: i64 = transaction.query_row(&format!("SELECT count(*) FROM {stage}"), [], |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// The target's columns of these names, all of which are written.
fn written(target: &Target, wanted: &[String]) -> Result<Vec<String>, Fault> {
    let find = |key: &String| {
        let column = target
            .columns
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(key));
        column.map(|column| column.name.clone()).ok_or_else(|| {
            let text = format!(
                "the key column {key:?} of {} is not among the columns that are written",
                target.name
            );
            Fault::new(Code::SchemaMismatch, text)
        })
    };
    wanted.iter().map(find).collect()
}

fn primary_key(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement =
        connection.prepare("SELECT name FROM pragma_table_info(?1, 'main') WHERE pk > 0 ORDER BY pk")?;
    let names = statement.query_map([table], |row| row.get(0))?;
    names.collect()
}

/// The columns of every unique index that covers all rows.
fn unique_keys(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Vec<String>>> {
    let mut indexes =
        connection.prepare("SELECT name FROM pragma_index_list(?1, 'main') WHERE \"unique\" = 1 AND partial = 0")?;
    let names = indexes.query_map([table], |row| row.get::<_, String>(0))?;
    let names = names.collect::<rusqlite::Result<Vec<_>>>()?;
    let columns = |index: String| {
        let mut columns = connection.prepare("SELECT name FROM pragma_index_info(?1, 'main')")?;
        // An index of an expression has columns without names.
        let names = columns.query_map([index], |row| row.get::<_, Option<String>>(0))?;
        names.collect::<rusqlite::Result<Vec<_>>>()
    };
    let all = names.into_iter().map(columns).collect::<rusqlite::Result<Vec<_>>>()?;
    let named = all
        .into_iter()
        .filter_map(|columns| columns.into_iter().collect::<Option<Vec<_>>>());
    Ok(named.collect())
}

/// Whether two lists of columns are the same but for their order and case.
fn alike(one: &[String], other: &[String]) -> bool {
    let sorted = |names: &[String]| {
        let mut names: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        names.sort_unstable();
        names
    };
    sorted(one) == sorted(other)
}
