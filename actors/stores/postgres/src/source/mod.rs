//! Reading a table or a query.

mod partition;
mod plan;
mod read;
mod snapshot;

use crate::catalog;
use crate::names::TableName;
use crate::session::Session;
use crate::settings::Settings;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use plan::Plan;
use read::Reader;
use sluice_contract::document::{member, text};
use sluice_contract::{Code, Fault};
use sluice_store_core::{BatchStream, Partition, Rejects, Source, SourceRequest};
use snapshot::Snapshot;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A table or query, ready to be read in one snapshot.
pub(crate) struct PostgresSource {
    settings: Arc<Settings>,
    snapshot: Snapshot,
    plan: Plan,
    partitions: Vec<Partition>,
    /// Behind each partition, its rows' condition.
    conditions: Vec<String>,
    rows_expected: Option<u64>,
    batch_bytes: usize,
    bytes_read: Arc<AtomicU64>,
    rejects: Option<Rejects>,
}

impl PostgresSource {
    /// Takes the snapshot, and finds out columns and partitions in it.
    ///
    /// # Errors
    /// `SL6004`, `SL6007`, `SL6010`, `SL6013`; other `SL60xx`.
    pub(crate) async fn open(settings: Arc<Settings>, request: SourceRequest) -> Result<Self, Fault> {
        let snapshot = Snapshot::take(&settings).await?;
        let session = snapshot.session();
        let (plan, partitions, rows_expected) = match query(&request)? {
            Some(query) => {
                let plan = Plan::of_query(session, &query).await?;
                (plan, vec![partition::whole("the query".into())], None)
            }
            None => {
                let table = TableName::of_dataset(&request.dataset)?.ok_or_else(|| {
                    let text = "the dataset names no table, and the source has no query";
                    Fault::new(Code::PropertyMissing, text)
                })?;
                let relation = catalog::get(session, &table).await?;
                let plan = Plan::of_table(session, &relation.name).await?;
                let by_block = relation.in_blocks && catalog::version(session).await? >= partition::TID_RANGE_SCAN;
                let partitions = if by_block {
                    partition::by_block(&relation.name, relation.blocks, request.parallel)
                } else {
                    vec![partition::whole(relation.name.to_string())]
                };
                (plan, partitions, relation.rows)
            }
        };
        let (labels, conditions): (Vec<_>, Vec<_>) = partitions.into_iter().unzip();
        let partitions = labels
            .into_iter()
            .enumerate()
            .map(|(index, label)| Partition { index, label });
        Ok(Self {
            settings,
            plan,
            partitions: partitions.collect(),
            conditions,
            rows_expected,
            batch_bytes: request.batch_bytes,
            bytes_read: Arc::new(AtomicU64::new(0)),
            rejects: request.rejects,
            snapshot,
        })
    }
}

/// The activity's query, if it has one.
fn query(request: &SourceRequest) -> Result<Option<String>, Fault> {
    if member(&request.activity, "query").is_some_and(|value| !value.is_string() && !value.is_null()) {
        return Err(Fault::new(Code::PropertyMissing, "the source's `query` is not a text"));
    }
    let query = text(&request.activity, "query").map(|query| query.trim().trim_end_matches(';').trim_end());
    Ok(query.filter(|query| !query.is_empty()).map(str::to_owned))
}

#[async_trait]
impl Source for PostgresSource {
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
        let condition = self.conditions.get(partition.index).ok_or_else(|| {
            let text = format!("the source has no partition {}", partition.index);
            Fault::new(Code::Internal, text)
        })?;
        let session = Session::open(&self.settings).await?;
        self.snapshot.join(&session).await?;
        read::stream(Reader {
            session,
            place: &partition.label,
            statement: self.plan.copy(condition),
            plan: &self.plan,
            batch_bytes: self.batch_bytes,
            bytes_read: self.bytes_read.clone(),
            rejects: self.rejects.clone(),
        })
    }
}
