//! How staged rows meet those that are in the table.

use super::target::Target;
use crate::catalog;
use crate::errors;
use crate::names::{TableName, quote, quote_all};
use crate::session::Session;
use sluice_contract::{Code, Fault};
use sluice_store_core::WriteBehavior;

/// The way of publishing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Merge {
    /// They are added.
    Insert,
    /// By a unique index over exactly these columns.
    OnConflict(Vec<String>),
    /// Without one: rows that are there are updated, the others added, and no one else writes meanwhile.
    Join(Vec<String>),
}

impl Merge {
    /// Finds the way for what is asked.
    ///
    /// # Errors
    /// `SL6013` when there are no keys, `SL6012` when one is not copied; other `SL60xx`.
    pub(crate) async fn plan(session: &Session, target: &Target, behavior: &WriteBehavior) -> Result<Self, Fault> {
        let keys = match behavior {
            WriteBehavior::Insert => return Ok(Self::Insert),
            WriteBehavior::Upsert { keys } => keys,
        };
        let keys = match keys.is_empty() {
            false => keys.clone(),
            true => catalog::primary_key(session, &target.name).await?,
        };
        if keys.is_empty() {
            let text = format!("upsert needs upsertSettings.keys: {} has no primary key", target.name);
            return Err(Fault::new(Code::PropertyMissing, text));
        }
        let keys: Vec<String> = keys.iter().map(|key| target.column(key)).collect::<Result<_, _>>()?;
        let indexed = unique(session, &target.name).await?;
        let covers =
            |index: &Vec<String>| index.len() == keys.len() && index.iter().all(|column| keys.contains(column));
        Ok(match indexed.iter().any(covers) {
            true => Self::OnConflict(keys),
            false => Self::Join(keys),
        })
    }

    fn keys(&self) -> &[String] {
        match self {
            Self::Insert => &[],
            Self::OnConflict(keys) | Self::Join(keys) => keys,
        }
    }

    /// Sees that every staged row has keys of its own: which of several would win is not for chance to decide.
    ///
    /// # Errors
    /// `SL6011`, naming the keys; other `SL60xx`.
    pub(crate) async fn check(&self, session: &Session, stage: &TableName) -> Result<(), Fault> {
        let keys = self.keys();
        if keys.is_empty() {
            return Ok(());
        }
        let failed = |error| errors::fault("looking for rows of the same keys", &error);
        let (stage, list) = (stage.quoted(), quote_all(keys.iter().map(String::as_str)));
        let null = keys.iter().map(|key| format!("{} IS NULL", quote(key)));
        let null = null.collect::<Vec<_>>().join(" OR ");
        let query = format!(
            "SELECT EXISTS (SELECT FROM {stage} WHERE {null}), \
             EXISTS (SELECT FROM {stage} GROUP BY {list} HAVING count(*) > 1)"
        );
        let row = session.query_one(&query, &[]).await.map_err(failed)?;
        let (null, twice): (bool, bool) = (row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?);
        let why = match (null, twice) {
            (true, _) => "are NULL in a row of the source",
            (_, true) => "are the same in several rows of the source",
            (false, false) => return Ok(()),
        };
        let text = format!("upsert: the keys {} {why}", keys.join(", "));
        Err(Fault::new(Code::DataInvalid, text))
    }

    /// What keeps others from writing the same keys meanwhile; none where the server does by itself.
    pub(crate) fn lock(&self, target: &TableName) -> Option<String> {
        matches!(self, Self::Join(_)).then(|| format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", target.quoted()))
    }

    /// The statements that publish the staged rows of a condition on `s`; an empty one means all.
    pub(crate) fn statements(&self, target: &Target, stage: &TableName, condition: &str) -> Vec<String> {
        let filter = match condition {
            "" => String::new(),
            condition => format!(" AND {condition}"),
        };
        let table = target.name.quoted();
        let (list, select) = (target.list(), target.select("s"));
        // Copied values replace those of identity columns, too.
        let insert = format!(
            "INSERT INTO {table} ({list}) OVERRIDING SYSTEM VALUE SELECT {select} FROM {} AS s WHERE TRUE{filter}",
            stage.quoted()
        );
        let others: Vec<&str> = target
            .names()
            .filter(|name| !self.keys().iter().any(|key| key == name))
            .collect();
        match self {
            Self::Insert => vec![insert],
            Self::OnConflict(keys) => {
                let keys = quote_all(keys.iter().map(String::as_str));
                let set = others.iter().map(|name| format!("{0} = EXCLUDED.{0}", quote(name)));
                let set = set.collect::<Vec<_>>().join(", ");
                match others.is_empty() {
                    true => vec![format!("{insert} ON CONFLICT ({keys}) DO NOTHING")],
                    false => vec![format!("{insert} ON CONFLICT ({keys}) DO UPDATE SET {set}")],
                }
            }
            Self::Join(keys) => {
                let same = keys
                    .iter()
                    .map(|key| format!("t.{} = {}", quote(key), target.value("s", key)));
                let same = same.collect::<Vec<_>>().join(" AND ");
                let set = others
                    .iter()
                    .map(|name| format!("{} = {}", quote(name), target.value("s", name)));
                let set = set.collect::<Vec<_>>().join(", ");
                let stage = stage.quoted();
                let update = format!("UPDATE {table} AS t SET {set} FROM {stage} AS s WHERE {same}{filter}");
                let add = format!("{insert} AND NOT EXISTS (SELECT FROM {table} AS t WHERE {same})");
                match others.is_empty() {
                    true => vec![add],
                    false => vec![update, add],
                }
            }
        }
    }
}

/// The columns of every unique index that `ON CONFLICT` can use.
async fn unique(session: &Session, table: &TableName) -> Result<Vec<Vec<String>>, Fault> {
    const QUERY: &str = "SELECT ARRAY(SELECT a.attname::text FROM unnest(i.indkey) WITH ORDINALITY AS k(attnum, place) \
         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum WHERE k.place <= i.indnkeyatts) \
         FROM pg_index i WHERE i.indrelid = to_regclass($1) AND i.indisunique AND i.indisvalid AND i.indimmediate \
         AND i.indpred IS NULL AND i.indexprs IS NULL";
    let failed = |error| errors::fault(&format!("looking up the indexes of {table}"), &error);
    let rows = session.query(QUERY, &[&table.quoted()]).await.map_err(failed)?;
    rows.iter().map(|row| row.try_get(0).map_err(failed)).collect()
}
