//! Reading a table, a query or a stored procedure.

mod isolation;
mod partition;
pub(crate) mod plan;
pub(crate) mod read;
mod shared;

use crate::names::TableName;
use crate::session::{Session, value};
use crate::settings::{Settings, property};
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use isolation::Isolation;
use partition::{Pieces, Slice};
use plan::Plan;
use sluice_contract::{Code, Fault};
use sluice_store_core::statements::{Dialect, single};
use sluice_store_core::{BatchStream, Partition, Read, Rejects, Source, SourceRequest, TableSource};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Something readable.
pub(crate) struct SqlServerSource {
    settings: Arc<Settings>,
    isolation: Isolation,
    plan: Plan,
    partitions: Vec<Partition>,
    /// Behind each partition, its rows' condition.
    slices: Vec<Slice>,
    rows_expected: Option<u64>,
    batch_bytes: usize,
    bytes_read: Arc<AtomicU64>,
    rejects: Option<Rejects>,
    warnings: Vec<String>,
    /// One for each partition, where they share one state of the table; each is read by once.
    sessions: Option<Mutex<Vec<Option<Session>>>>,
}

impl SqlServerSource {
    /// Finds out what the columns, the partitions and the isolation are.
    ///
    /// # Errors
    /// `SL6004`, `SL6007`, `SL6010`, `SL6013`; other `SL60xx`.
    pub(crate) async fn open(settings: Arc<Settings>, request: SourceRequest) -> Result<Self, Fault> {
        let asked = TableSource::of(&request.activity)?;
        let mut session = Session::open(&settings).await?;
        let isolation = Isolation::choose(&mut session, asked.isolation.as_deref()).await?;
        let mut warnings = Vec::new();
        let (plan, rows_expected, table) = match &asked.read {
            Read::Query(query) => {
                let query = single(query, Dialect::SqlServer);
                (Plan::of_query(&mut session, query).await?, None, None)
            }
            Read::Procedure { name, parameters } => {
                (Plan::of_procedure(&mut session, name, parameters).await?, None, None)
            }
            Read::Table => {
                let table = TableName::of_dataset(&request.dataset)?
                    .ok_or_else(|| property("the dataset names no table, and the source has no query"))?;
                let plan = Plan::of_table(&mut session, &table).await?;
                let rows = rows(&mut session, &table).await;
                (plan, rows, Some(table))
            }
        };
        warnings.extend(plan.warnings.iter().cloned());
        let pieces = Pieces {
            asked: &asked,
            table: table.as_ref(),
            plan: &plan,
            parallel: request.parallel,
            frozen: isolation.frozen,
        };
        let slices = partition::slices(&mut session, &pieces, &mut warnings).await?;
        let sessions = match &table {
            Some(table) if isolation.shares() && (2..=shared::MOST).contains(&slices.len()) => {
                shared::sessions(&settings, table, slices.len()).await?
            }
            _ => None,
        };
        warnings.extend(isolation.warning(slices.len(), sessions.is_some()));
        let partitions = slices.iter().enumerate().map(|(index, slice)| Partition {
            index,
            label: slice.label.clone(),
        });
        Ok(Self {
            settings,
            isolation,
            partitions: partitions.collect(),
            slices,
            plan,
            rows_expected,
            batch_bytes: request.batch_bytes,
            bytes_read: Arc::new(AtomicU64::new(0)),
            rejects: request.rejects,
            warnings,
            sessions: sessions.map(|sessions| Mutex::new(sessions.into_iter().map(Some).collect())),
        })
    }
}

/// The catalog's count of a table's rows; none where it may not be seen.
async fn rows(session: &mut Session, table: &TableName) -> Option<u64> {
    const DOING: &str = "estimating the rows";
    const QUERY: &str = "SELECT CAST(SUM(p.rows) AS bigint) FROM sys.partitions AS p WHERE p.object_id = OBJECT_ID(@P1) AND p.index_id < 2";
    let found = session.query(DOING, QUERY, &[&table.quoted()]).await;
    let rows = match &found {
        Ok(rows) => rows.first().and_then(|row| value::<i64>(row, 0, DOING).ok().flatten()),
        Err(fault) => {
            tracing::debug!(%table, %fault, "The number of rows is not known");
            None
        }
    };
    rows.and_then(|rows| u64::try_from(rows).ok())
}

#[async_trait]
impl Source for SqlServerSource {
    fn schema(&self) -> SchemaRef {
        self.plan.schema.clone()
    }

    fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    fn rows_expected(&self) -> Option<u64> {
        self.rows_expected
    }

    fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    async fn read(&self, partition: &Partition) -> Result<BatchStream, Fault> {
        let slice = self.slices.get(partition.index).ok_or_else(|| {
            let text = format!("the source has no partition {}", partition.index);
            Fault::new(Code::Internal, text)
        })?;
        let doing = format!("reading {}", partition.label);
        let session = match &self.sessions {
            Some(sessions) => {
                let mut sessions = sessions.lock().unwrap_or_else(PoisonError::into_inner);
                let session = sessions.get_mut(partition.index).and_then(Option::take);
                session.ok_or_else(|| {
                    let text = format!("{doing}: its session with the common snapshot was used already");
                    Fault::new(Code::StoreFailed, text)
                })?
            }
            None => {
                let mut session = Session::open(&self.settings).await?;
                session.run(&doing, self.isolation.set()).await?;
                session
            }
        };
        read::stream(
            session,
            read::Reading {
                doing,
                statement: self.plan.statement(&slice.condition),
                schema: self.plan.schema.clone(),
                batch_bytes: self.batch_bytes,
                bytes_read: self.bytes_read.clone(),
                rejects: self.rejects.clone(),
            },
        )
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }
}

#[cfg(test)]
mod tests;
