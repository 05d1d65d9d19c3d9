//! Reading a table or a query.

mod native;
mod partition;
mod plan;
mod range;
mod read;
mod snapshot;
mod split;

use crate::errors;
use crate::names::TableName;
use crate::session::Session;
use crate::settings::Settings;
use crate::wire::lines::Liner;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use partition::Slice;
use sluice_contract::{Code, Fault};
use sluice_store_core::statements::{Dialect, single};
use sluice_store_core::{
    BatchStream, LineForm, NativeFormat, NativeStream, Partition, Read, Rejects, Source, SourcePlan, SourceRequest,
    TableSource,
};
use snapshot::{Isolation, Snapshot};
use split::Planned;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_postgres::SimpleQueryMessage;

pub(crate) use native::{Cutter, NativeReader, format as native_format, stream as native_stream};
pub(crate) use plan::{Form, Plan, Rows};
pub(crate) use read::{Reader, stream};

/// A table or query, ready to be read in one snapshot.
pub(crate) struct PostgresSource {
    settings: Arc<Settings>,
    snapshot: Snapshot,
    plan: Plan,
    partitions: Vec<Partition>,
    slices: Vec<Slice>,
    rows_expected: Option<u64>,
    batch_bytes: usize,
    bytes_read: Arc<AtomicU64>,
    rejects: Option<Rejects>,
    /// Whether all values can be read as the server's texts.
    has_texts: bool,
    warnings: Vec<String>,
}

impl PostgresSource {
    /// Takes the snapshot, and finds out columns and partitions in it.
    ///
    /// # Errors
    /// `SL6004`, `SL6007`, `SL6010`, `SL6013`; other `SL60xx`.
    pub(crate) async fn open(settings: Arc<Settings>, request: SourceRequest) -> Result<Self, Fault> {
        let asked = TableSource::of(&request.activity)?;
        let dataset = TableName::of_dataset(&request.dataset)?;
        let isolation = Isolation::asked(asked.isolation.as_deref())?;
        let shared = request.plan.as_ref().and_then(|plan| plan.snapshot.as_deref());
        let snapshot = match shared {
            Some(id) => Snapshot::share(&settings, isolation, id).await?,
            None => Snapshot::take(&settings, isolation).await?,
        };
        let session = snapshot.session();
        let parallel = request.parallel.max(1);
        let Planned { plan, slices, rows } = match &asked.read {
            Read::Table => {
                let table = dataset.ok_or_else(|| {
                    let text = "the dataset names no table, and the source has no query";
                    Fault::new(Code::PropertyMissing, text)
                })?;
                split::table(session, &table, &asked.split, parallel).await?
            }
            Read::Query(query) => {
                let query = single(query, Dialect::Postgres);
                split::query(session, query, dataset.as_ref(), &asked.split, parallel).await?
            }
            Read::Procedure { name, .. } => {
                let text = format!(
                    "the source's stored procedure {name:?}: procedures of PostgreSQL return no rows; for a function, set \
                     query to SELECT * FROM it"
                );
                return Err(Fault::new(Code::PropertyMissing, text));
            }
        };
        let slices = match &request.plan {
            Some(plan) => partition::as_before(slices, &plan.partitions),
            None => slices,
        };
        let has_texts = has_texts(session, &plan).await?;
        let partitions = slices.iter().enumerate().map(|(index, slice)| Partition {
            index,
            label: slice.label.clone(),
        });
        Ok(Self {
            settings,
            plan,
            partitions: partitions.collect(),
            slices,
            rows_expected: rows,
            batch_bytes: request.batch_bytes,
            bytes_read: Arc::new(AtomicU64::new(0)),
            rejects: request.rejects.filter(Rejects::allows_rows),
            has_texts,
            warnings: isolation.warning(asked.isolation.as_deref()).into_iter().collect(),
            snapshot,
        })
    }

    fn slice(&self, partition: &Partition) -> Result<&Slice, Fault> {
        self.slices.get(partition.index).ok_or_else(|| {
            let text = format!("the source has no partition {}", partition.index);
            Fault::new(Code::Internal, text)
        })
    }

    /// Another session in the snapshot.
    async fn session(&self) -> Result<Session, Fault> {
        let session = Session::open(&self.settings).await?;
        self.snapshot.join(&session).await?;
        Ok(session)
    }
}

/// Whether the values of a plan can be read as texts. The settings are the login's own and stay what they are: expressions of a
/// query depend on them.
async fn has_texts(session: &Session, plan: &Plan) -> Result<bool, Fault> {
    const DOING: &str = "looking how the server writes dates";
    let settings = "SELECT current_setting('DateStyle'), current_setting('TimeZone')";
    let messages = session.simple_query(settings).await;
    let messages = messages.map_err(|error| errors::fault(DOING, &error))?;
    Ok(messages.iter().any(|message| match message {
        SimpleQueryMessage::Row(row) => plan.has_texts(row.get(0).unwrap_or_default(), row.get(1).unwrap_or_default()),
        _ => false,
    }))
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
        let slice = self.slice(partition)?;
        stream(Reader {
            session: self.session().await?,
            place: &slice.label,
            statement: self.plan.copy(&slice.rows, Form::Decoded),
            schema: self.plan.schema.clone(),
            wires: &self.plan.wires,
            batch_bytes: self.batch_bytes,
            bytes_read: self.bytes_read.clone(),
            rejects: self.rejects.clone(),
        })
    }

    fn native(&self) -> Option<NativeFormat> {
        Some(native_format(self.plan.types.clone()))
    }

    async fn read_native(&self, partition: &Partition) -> Result<NativeStream, Fault> {
        let slice = self.slice(partition)?;
        Ok(native_stream(NativeReader {
            session: self.session().await?,
            place: &slice.label,
            statement: self.plan.copy(&slice.rows, Form::Native),
            cutter: Cutter::new(self.plan.types.len()),
            bytes_read: self.bytes_read.clone(),
        }))
    }

    fn makes_lines(&self) -> bool {
        self.has_texts && self.rejects.is_none()
    }

    async fn read_lines(&self, partition: &Partition, form: &Arc<dyn LineForm>) -> Result<NativeStream, Fault> {
        let slice = self.slice(partition)?;
        let cutter = Liner::new(self.schema(), &self.plan.wires, Arc::clone(form));
        let cutter = cutter.ok_or_else(|| Fault::new(Code::Internal, "a column is not read as text"))?;
        Ok(native_stream(NativeReader {
            session: self.session().await?,
            place: &slice.label,
            statement: self.plan.copy(&slice.rows, Form::Text),
            cutter,
            bytes_read: self.bytes_read.clone(),
        }))
    }

    fn plan(&self) -> Option<SourcePlan> {
        Some(SourcePlan {
            // Strings only: serializing cannot fail.
            partitions: serde_json::to_value(&self.slices).unwrap_or_default(),
            snapshot: Some(self.snapshot.id().to_owned()),
        })
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }
}
