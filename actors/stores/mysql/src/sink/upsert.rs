//! How staged rows meet those of the target.

use super::target::Target;
use crate::names::{TableName, literal, quote};
use crate::session::Session;
use sluice_contract::{Code, Fault};
use std::collections::BTreeMap;

/// What is done with staged rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Merge {
    /// They are added.
    Insert,
    /// Those with these keys replace the values of rows that are there.
    Upsert {
        /// The target's columns.
        keys: Vec<String>,
        /// The target's only unique key is made of these columns: the server itself can tell which rows are meant.
        by_index: bool,
    },
}

impl Merge {
    /// An upsert by columns of the source; by the primary key when there are none.
    ///
    /// # Errors
    /// `SL6012` when the target has no such key; other `SL60xx`.
    pub(super) async fn upsert(session: &mut Session, target: &Target, keys: &[String]) -> Result<Self, Fault> {
        let mismatch = |text| Fault::new(Code::SchemaMismatch, text);
        let indexes = unique(session, &target.name).await?;
        let keys: Vec<String> = match (keys, indexes.get("PRIMARY")) {
            ([], Some(primary)) => primary.clone(),
            ([], None) => {
                let text = format!(
                    "{} has no primary key: an upsert needs upsertSettings.keys",
                    target.name
                );
                return Err(mismatch(text));
            }
            (keys, _) => keys.to_vec(),
        };
        let written = |key: &String| {
            let folded = key.to_lowercase();
            let found = target
                .columns
                .iter()
                .find(|column| column.source.to_lowercase() == folded || column.name.to_lowercase() == folded);
            found.map(|column| column.name.clone()).ok_or_else(|| {
                mismatch(format!(
                    "the upsert's key {key:?} is none of the columns that are copied"
                ))
            })
        };
        let keys: Vec<String> = keys.iter().map(written).collect::<Result<_, _>>()?;
        let sorted = |columns: &[String]| {
            let mut columns: Vec<String> = columns.iter().map(|name| name.to_lowercase()).collect();
            columns.sort();
            columns
        };
        let by_index = indexes.len() == 1 && indexes.values().all(|columns| sorted(columns) == sorted(&keys));
        Ok(Self::Upsert { keys, by_index })
    }

    /// Sees that no two staged rows have the same key: which of them would stay would be chance.
    ///
    /// # Errors
    /// `SL6011`; other `SL60xx`.
    pub(super) async fn check(&self, session: &mut Session, stage: &TableName) -> Result<(), Fault> {
        let Self::Upsert { keys, .. } = self else {
            return Ok(());
        };
        let list = list(keys);
        let some: Vec<String> = keys.iter().map(|key| format!("{} IS NOT NULL", quote(key))).collect();
        let query = format!(
            "SELECT 1 FROM {} WHERE {} GROUP BY {list} HAVING COUNT(*) > 1 LIMIT 1",
            stage.quoted(),
            some.join(" AND ")
        );
        match session.row("looking for rows of the same key", &query).await? {
            None => Ok(()),
            Some(_) => {
                let text = format!("several rows of the source have the same key ({})", keys.join(", "));
                Err(Fault::new(Code::DataInvalid, text))
            }
        }
    }

    /// The statements that publish a staging table, in their order; the last one adds rows. `rows` is a condition on the
    /// staging table `s`; without one all of its rows are meant.
    pub(super) fn statements(&self, target: &Target, stage: &TableName, rows: Option<&str>) -> Vec<String> {
        let (into, columns, stage) = (target.name.quoted(), target.list(), stage.quoted());
        let some = |word: &str| rows.map_or_else(String::new, |rows| format!(" {word} {rows}"));
        let insert = format!(
            "INSERT INTO {into} ({columns}) SELECT {columns} FROM {stage} AS s{}",
            some("WHERE")
        );
        let Self::Upsert { keys, by_index } = self else {
            return vec![insert];
        };
        let is_key = |name: &str| keys.iter().any(|key| key == name);
        let others = || {
            let names = target.columns.iter().map(|column| column.name.as_str());
            names.filter(|name| !is_key(name)).map(quote)
        };
        if *by_index {
            let mut sets: Vec<String> = others().map(|name| format!("{name} = VALUES({name})")).collect();
            if sets.is_empty() {
                // Nothing but keys: a row that is there stays.
                sets.extend(keys.first().map(|key| format!("{0} = {into}.{0}", quote(key))));
            }
            return vec![format!("{insert} ON DUPLICATE KEY UPDATE {}", sets.join(", "))];
        }
        let on: Vec<String> = keys.iter().map(|key| format!("t.{0} = s.{0}", quote(key))).collect();
        let on = on.join(" AND ");
        let sets: Vec<String> = others().map(|name| format!("t.{name} = s.{name}")).collect();
        let update = format!(
            "UPDATE {into} AS t JOIN {stage} AS s ON {on} SET {}{}",
            sets.join(", "),
            some("WHERE")
        );
        let listed: Vec<String> = target
            .columns
            .iter()
            .map(|column| format!("s.{}", quote(&column.name)))
            .collect();
        let add = format!(
            "INSERT INTO {into} ({columns}) SELECT {} FROM {stage} AS s LEFT JOIN {into} AS t ON {on} WHERE t.{} IS NULL{}",
            listed.join(", "),
            keys.first().map_or_else(String::new, |key| quote(key)),
            some("AND"),
        );
        match sets.is_empty() {
            true => vec![add],
            false => vec![update, add],
        }
    }
}

fn list(keys: &[String]) -> String {
    crate::names::quote_all(keys.iter().map(String::as_str))
}

/// The columns of a table's unique keys, by the key's name.
async fn unique(session: &mut Session, table: &TableName) -> Result<BTreeMap<String, Vec<String>>, Fault> {
    let query = format!(
        "SELECT INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {} \
         AND NON_UNIQUE = 0 ORDER BY INDEX_NAME, SEQ_IN_INDEX",
        literal(&table.database),
        literal(&table.table)
    );
    let answer = session.run(&format!("looking up the keys of {table}"), &query).await?;
    let mut indexes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in answer.rows {
        if let [Some(index), Some(column)] = row.as_slice() {
            indexes.entry(index.clone()).or_default().push(column.clone());
        }
    }
    Ok(indexes)
}
