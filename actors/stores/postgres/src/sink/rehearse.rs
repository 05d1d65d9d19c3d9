//! Finding the staged rows that the table would not take, before the commit: it is tried, and taken back.

use super::commit;
use super::merge::Merge;
use super::target::Target;
use crate::errors;
use crate::names::TableName;
use crate::session::Session;
use sluice_contract::{Code, Fault};
use sluice_store_core::{Rejected, Rejects, Side};

/// What is tried.
pub(crate) struct Rehearsal<'a> {
    pub(crate) target: &'a Target,
    pub(crate) merge: &'a Merge,
    pub(crate) stage: &'a TableName,
    pub(crate) script: Option<&'a str>,
    pub(crate) rejects: &'a Rejects,
}

/// A staged row that does not fit: its place, its values, and why.
struct Misfit {
    ctid: String,
    record: String,
    fault: Fault,
}

impl Rehearsal<'_> {
    /// Removes the rows that do not fit from the staging, and takes them down as left out.
    ///
    /// # Errors
    /// `SL60xx`.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Fault> {
        const DOING: &str = "looking for rows that the table does not take";
        session.run(DOING, "BEGIN").await?;
        let found = self.search(session).await;
        session.run(DOING, "ROLLBACK").await?;
        let misfits = found?;
        for chunk in misfits.chunks(1000) {
            let places = chunk.iter().map(|row| format!("'{}'::tid", row.ctid));
            let places = places.collect::<Vec<_>>().join(", ");
            let delete = format!("DELETE FROM {} WHERE ctid = ANY (ARRAY[{places}])", self.stage.quoted());
            session.run("removing rows that do not fit", &delete).await?;
        }
        for row in misfits {
            let rejected = Rejected {
                side: Side::Sink,
                place: self.target.name.to_string(),
                record: row.record,
                fault: row.fault,
            };
            self.rejects.row(rejected).await?;
        }
        Ok(())
    }

    async fn search(&self, session: &Session) -> Result<Vec<Misfit>, Fault> {
        commit::ready(session, self.target, self.merge, self.script).await?;
        let blocks = self.blocks(session).await?;
        let mut misfits = Vec::new();
        // The half that is not looked at yet; the first blocks come first.
        let mut open = vec![(0, blocks)];
        while let Some((from, to)) = open.pop() {
            let range = format!("s.ctid >= '({from},0)'::tid AND s.ctid < '({to},0)'::tid");
            if from >= to || self.fits(session, &range).await?.is_none() {
                continue;
            }
            if to - from > 1 {
                let middle = from + (to - from) / 2;
                open.extend([(middle, to), (from, middle)]);
                continue;
            }
            for (ctid, record) in self.rows(session, &range).await? {
                if let Some(fault) = self.fits(session, &format!("s.ctid = '{ctid}'::tid")).await? {
                    misfits.push(Misfit { ctid, record, fault });
                }
            }
        }
        Ok(misfits)
    }

    /// Why the table does not take the rows of a condition; none when it does.
    async fn fits(&self, session: &Session, condition: &str) -> Result<Option<Fault>, Fault> {
        const DOING: &str = "trying rows";
        session.run(DOING, "SAVEPOINT rows").await?;
        for statement in self.merge.statements(self.target, self.stage, condition) {
            match session
                .run(&format!("publishing into {}", self.target.name), &statement)
                .await
            {
                Ok(()) => {}
                Err(fault) if fault.code == Code::DataInvalid => {
                    session.run(DOING, "ROLLBACK TO SAVEPOINT rows").await?;
                    return Ok(Some(fault));
                }
                Err(fault) => return Err(fault),
            }
        }
        // Also what is checked only at the end of a transaction.
        let checked = session
            .run(DOING, "SET CONSTRAINTS ALL IMMEDIATE; RELEASE SAVEPOINT rows")
            .await;
        match checked {
            Ok(()) => Ok(None),
            Err(fault) if fault.code == Code::DataInvalid => {
                session.run(DOING, "ROLLBACK TO SAVEPOINT rows").await?;
                Ok(Some(fault))
            }
            Err(fault) => Err(fault),
        }
    }

    async fn blocks(&self, session: &Session) -> Result<i64, Fault> {
        let failed = |error| errors::fault("measuring the staging table", &error);
        let query = "SELECT pg_relation_size(to_regclass($1)) / current_setting('block_size')::int8";
        let row = session
            .query_one(query, &[&self.stage.quoted()])
            .await
            .map_err(failed)?;
        row.try_get(0).map_err(failed)
    }

    async fn rows(&self, session: &Session, condition: &str) -> Result<Vec<(String, String)>, Fault> {
        let failed = |error| errors::fault("reading staged rows", &error);
        let query = format!(
            "SELECT s.ctid::text, s::text FROM {} AS s WHERE {condition}",
            self.stage.quoted()
        );
        let rows = session.query(&query, &[]).await.map_err(failed)?;
        let row = |row: &tokio_postgres::Row| {
            // A row's text is delimited text in parentheses.
            let text: String = row.try_get(1)?;
            let record = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
            Ok((row.try_get(0)?, record.unwrap_or(&text).to_owned()))
        };
        rows.iter().map(|found| row(found).map_err(failed)).collect()
    }
}
