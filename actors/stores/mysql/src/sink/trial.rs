//! Which staged rows the table would not take: they are tried on it, with its keys and constraints, in a transaction that is
//! rolled back. What was taken together is taken again when it is published, unless somebody else writes meanwhile.

use super::fit::Output;
use super::ledger::Ledger;
use super::target::Target;
use super::upsert::Merge;
use super::{script, warnings};
use crate::names::{TableName, quote};
use crate::session::Session;
use crate::source::read::delimited;
use sluice_contract::{Code, Fault};
use sluice_store_core::{CommitKey, Rejected, Rejects, Side};

/// Rows that are read and removed by one statement.
const AT_ONCE: usize = 100;

/// What is tried.
pub(super) struct Trial<'a> {
    pub(super) target: &'a Target,
    pub(super) merge: &'a Merge,
    pub(super) stage: &'a TableName,
    /// The staging table's column that numbers its rows.
    pub(super) number: &'a str,
    pub(super) script: &'a [String],
    pub(super) rejects: &'a Rejects,
}

/// The first and the last number of some rows.
type Range = (u64, u64);

impl Trial<'_> {
    /// Removes the rows that the table refuses from the staging, and takes them down as left out. The session ends with it.
    ///
    /// # Errors
    /// What has nothing to do with single rows; or when a row cannot be taken down.
    pub(super) async fn run(&self, mut session: Session, key: &CommitKey) -> Result<(), Fault> {
        let ledger = Ledger::of(&self.target.name);
        ledger.lock(&mut session, key).await?;
        // The rows of a job that was published would meet themselves.
        if ledger.find(&mut session, key).await?.is_some() {
            return Ok(());
        }
        let Some(all) = self.numbers(&mut session).await? else {
            return Ok(());
        };
        // Dropped in the middle, the transaction is rolled back at once.
        session.set_running(true);
        let doing = self.doing();
        session.run(&doing, "START TRANSACTION").await?;
        let refused = match script::run(&mut session, self.script).await {
            Ok(()) => self.refused(&mut session, all).await,
            Err(fault) => Err(fault),
        };
        session.run(&doing, "ROLLBACK").await?;
        session.set_running(false);
        for chunk in refused?.chunks(AT_ONCE) {
            self.leave_out(&mut session, chunk).await?;
        }
        Ok(())
    }

    fn doing(&self) -> String {
        format!("trying the rows on {}", self.target.name)
    }

    /// The numbers of all staged rows; none when there are no rows.
    async fn numbers(&self, session: &mut Session) -> Result<Option<Range>, Fault> {
        let number = quote(self.number);
        let query = format!("SELECT MIN({number}), MAX({number}) FROM {}", self.stage.quoted());
        let row = session.row(&self.doing(), &query).await?.unwrap_or_default();
        let cell = |index: usize| -> Option<u64> { row.get(index)?.as_deref()?.parse().ok() };
        Ok(cell(0).zip(cell(1)))
    }

    /// The rows that are refused, each with the reason. What is refused is halved until single rows are left; the first rows
    /// come first, so that of two with the same key the first one stays.
    async fn refused(&self, session: &mut Session, all: Range) -> Result<Vec<(u64, Fault)>, Fault> {
        let mut refused = Vec::new();
        let mut open = vec![all];
        while let Some((first, last)) = open.pop() {
            let Some(fault) = self.refusal(session, (first, last)).await? else {
                continue;
            };
            if first == last {
                refused.push((first, fault));
            } else {
                let middle = first + (last - first) / 2;
                open.extend([(middle + 1, last), (first, middle)]);
            }
        }
        Ok(refused)
    }

    /// Why the table does not take these rows; none when it has taken them.
    async fn refusal(&self, session: &mut Session, (first, last): Range) -> Result<Option<Fault>, Fault> {
        let doing = self.doing();
        let rows = format!("s.{} BETWEEN {first} AND {last}", quote(self.number));
        session.run(&doing, "SAVEPOINT sluice_trial").await?;
        for statement in self.merge.statements(self.target, self.stage, Some(&rows)) {
            let done = match session.run(&doing, &statement).await {
                // The server has taken them, but perhaps not as they are.
                Ok(answer) => warnings::check(session, &doing, answer.done.warnings).await,
                Err(fault) => Err(fault),
            };
            match done {
                Ok(()) => {}
                Err(fault) if fault.code == Code::DataInvalid => {
                    session.run(&doing, "ROLLBACK TO SAVEPOINT sluice_trial").await?;
                    return Ok(Some(fault));
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(None)
    }

    /// Takes rows down as left out, and removes them.
    async fn leave_out(&self, session: &mut Session, refused: &[(u64, Fault)]) -> Result<(), Fault> {
        const DOING: &str = "leaving out rows that the table does not take";
        let number = quote(self.number);
        let numbers: Vec<String> = refused.iter().map(|(row, _)| row.to_string()).collect();
        let place = format!(
            "FROM {} WHERE {number} IN ({})",
            self.stage.quoted(),
            numbers.join(", ")
        );
        // Their numbers rise, as they were found.
        let select = format!("SELECT {} {place} ORDER BY {number}", self.texts());
        let found = session.run(DOING, &select).await?.rows;
        if found.len() != refused.len() {
            let text = format!("{DOING}: {} of {} rows were found", found.len(), refused.len());
            return Err(Fault::new(Code::VerificationFailed, text).retryable(true));
        }
        session.run(DOING, &format!("DELETE {place}")).await?;
        for (row, (_, fault)) in found.into_iter().zip(refused) {
            let cells = row.into_iter().map(Option::unwrap_or_default);
            let rejected = Rejected {
                side: Side::Sink,
                place: self.target.name.to_string(),
                record: delimited(cells),
                fault: fault.clone(),
            };
            self.rejects.row(rejected).await?;
        }
        Ok(())
    }

    /// The columns, those that are no texts as texts.
    fn texts(&self) -> String {
        let text = |column: &super::target::TargetColumn| {
            let name = quote(&column.name);
            match column.fit.output {
                Output::Bytes(_) => format!("LOWER(HEX({name}))"),
                Output::Bit(_) => format!("CAST({name} AS UNSIGNED)"),
                _ => name,
            }
        };
        self.target.columns.iter().map(text).collect::<Vec<_>>().join(", ")
    }
}
