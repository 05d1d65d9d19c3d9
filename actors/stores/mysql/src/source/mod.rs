//! Reading a table or a query: one snapshot, read by range in parallel.

mod catalog;
mod column;
mod decimal;
mod decode;
mod field;
mod partition;
mod plan;
pub(crate) mod read;
mod snapshot;

use crate::names::{TableName, quote};
use crate::session::Session;
use crate::settings::Settings;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use catalog::Relation;
use partition::{Axis, Scale};
use plan::{Plan, Slice};
use read::Reading;
use sluice_contract::document::member;
use sluice_contract::{Code, Fault};
use sluice_store_core::statements::{Dialect, single};
use sluice_store_core::{BatchStream, Partition, Read, Rejects, Source, SourceRequest, Split, TableSource};
use snapshot::Pool;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A table or query, ready to be read.
pub(crate) struct MySqlSource {
    plan: Plan,
    partitions: Vec<Partition>,
    /// Behind each partition, its rows.
    slices: Vec<Slice>,
    rows_expected: Option<u64>,
    batch_bytes: usize,
    zero_is_null: bool,
    rejects: Option<Rejects>,
    bytes_read: Arc<AtomicU64>,
    warnings: Vec<String>,
    pool: Pool,
}

/// What opening a source found out.
struct Opened {
    plan: Plan,
    slices: Vec<Slice>,
    sessions: Vec<Session>,
    rows: Option<u64>,
    warnings: Vec<String>,
}

impl MySqlSource {
    /// Takes the snapshot, and finds out columns and partitions in it.
    ///
    /// # Errors
    /// `SL6004`, `SL6007`, `SL6010`, `SL6013`; other `SL60xx`.
    pub(crate) async fn open(settings: Arc<Settings>, request: SourceRequest) -> Result<Self, Fault> {
        let asked = TableSource::of(&request.activity)?;
        let opened = match &asked.read {
            Read::Query(query) => of_query(&settings, single(query, Dialect::MySql), &asked.split).await?,
            Read::Table => {
                let table = TableName::of_dataset(&request.dataset, &settings.database)?.ok_or_else(|| {
                    let text = "the dataset names no table, and the source has no query";
                    Fault::new(Code::PropertyMissing, text)
                })?;
                of_table(&settings, &table, &asked.split, request.parallel).await?
            }
            Read::Procedure { .. } => {
                let text = "stored procedures of MySQL are not served: read what they select by a query";
                return Err(Fault::new(Code::PropertyMissing, text));
            }
        };
        let partitions = opened.slices.iter().enumerate().map(|(index, slice)| Partition {
            index,
            label: slice.label.clone(),
        });
        Ok(Self {
            partitions: partitions.collect(),
            plan: opened.plan,
            slices: opened.slices,
            rows_expected: opened.rows,
            batch_bytes: request.batch_bytes,
            zero_is_null: flag(&request, "zeroDatesAsNull")?,
            rejects: request.rejects,
            bytes_read: Arc::new(AtomicU64::new(0)),
            warnings: opened.warnings,
            pool: Pool::new(opened.sessions),
        })
    }
}

fn flag(request: &SourceRequest, name: &str) -> Result<bool, Fault> {
    match member(&request.activity, name) {
        None | Some(serde_json::Value::Null) => Ok(false),
        Some(serde_json::Value::Bool(flag)) => Ok(*flag),
        Some(_) => {
            let text = format!("the source's `{name}` is neither true nor false");
            Err(Fault::new(Code::PropertyMissing, text))
        }
    }
}

async fn of_query(settings: &Arc<Settings>, query: &str, split: &Split) -> Result<Opened, Fault> {
    let mut session = Session::open(settings).await?;
    let plan = Plan::of_query(&mut session, query, settings.tiny_is_boolean).await?;
    snapshot::begin(&mut session).await?;
    let mut warnings = Vec::new();
    if !matches!(split, Split::Automatic | Split::Whole) {
        warnings.push("the query is read as one partition: only tables are split here".to_owned());
    }
    Ok(Opened {
        plan,
        slices: vec![Slice::whole("the query")],
        sessions: vec![session],
        rows: None,
        warnings,
    })
}

async fn of_table(
    settings: &Arc<Settings>,
    table: &TableName,
    split: &Split,
    parallel: usize,
) -> Result<Opened, Fault> {
    let mut session = Session::open(settings).await?;
    let plan = Plan::of_table(&mut session, table, settings.tiny_is_boolean).await?;
    let relation = catalog::find(&mut session, table).await?;
    let mut warnings = Vec::new();
    let way = Way::choose(&mut session, table, &plan, &relation, split).await?;
    let mut parallel = parallel.max(1);
    if parallel > 1 && !relation.transactional && way.is_some() {
        warnings.push(format!(
            "{table} is read as one partition: it has no snapshots (it is a view, or not InnoDB)"
        ));
        parallel = 1;
    }
    let mut sessions = match &way {
        // Some partitions of a table are one slice each, however few read them.
        Some(_) if parallel > 1 => {
            let (sessions, warning) = snapshot::begin_together(settings, table, session, parallel).await?;
            warnings.extend(warning);
            sessions
        }
        _ => {
            snapshot::begin(&mut session).await?;
            vec![session]
        }
    };
    let slices = match way {
        None => vec![Slice::whole(table.to_string())],
        Some(way) => way.slices(&mut sessions, table, relation.rows).await?,
    };
    sessions.truncate(slices.len());
    Ok(Opened {
        plan,
        slices,
        sessions,
        rows: relation.rows,
        warnings,
    })
}

/// How a table is split.
enum Way {
    Range {
        column: String,
        scale: Scale,
        lower: Option<String>,
        upper: Option<String>,
    },
    Physical {
        there: Vec<String>,
        asked: Vec<String>,
    },
}

impl Way {
    /// What is asked for; or ranges of the primary key, or else the table's own partitions. None for one slice.
    async fn choose(
        session: &mut Session,
        table: &TableName,
        plan: &Plan,
        relation: &Relation,
        split: &Split,
    ) -> Result<Option<Self>, Fault> {
        let scale_of = |column: &str| {
            let fields = plan.schema.fields();
            let found = fields.iter().find(|field| field.name().eq_ignore_ascii_case(column));
            found.and_then(|field| Some((field.name().clone(), Scale::of(field)?)))
        };
        match split {
            Split::Whole => Ok(None),
            Split::Physical { names } => Ok(Some(Self::Physical {
                there: catalog::partitions(session, table).await?,
                asked: names.clone(),
            })),
            Split::Range { column, lower, upper } => {
                let column = column.as_ref().or(relation.key.as_ref()).ok_or_else(|| {
                    let text = format!("{table} has no primary key: name a partitionColumnName");
                    Fault::new(Code::PropertyMissing, text)
                })?;
                let (column, scale) = scale_of(column).ok_or_else(|| {
                    let text = format!(
                        "the partition column {column:?} of {table} is not there, or neither an integer nor a date or time"
                    );
                    Fault::new(Code::PropertyMissing, text)
                })?;
                Ok(Some(Self::Range {
                    column,
                    scale,
                    lower: lower.clone(),
                    upper: upper.clone(),
                }))
            }
            Split::Automatic => {
                if let Some((column, scale)) = relation.key.as_deref().and_then(scale_of) {
                    return Ok(Some(Self::Range {
                        column,
                        scale,
                        lower: None,
                        upper: None,
                    }));
                }
                let there = catalog::partitions(session, table).await?;
                let asked = Vec::new();
                Ok((there.len() > 1).then_some(Self::Physical { there, asked }))
            }
        }
    }

    async fn slices(self, sessions: &mut [Session], table: &TableName, rows: Option<u64>) -> Result<Vec<Slice>, Fault> {
        let parallel = sessions.len();
        match self {
            Self::Physical { there, asked } => partition::physical(table, &there, &asked, parallel),
            Self::Range {
                column,
                scale,
                lower,
                upper,
            } => {
                let Some(session) = sessions.first_mut().filter(|_| parallel > 1) else {
                    return Ok(vec![Slice::whole(table.to_string())]);
                };
                let doing = format!("measuring {table}");
                let query = format!("SELECT MIN({0}), MAX({0}) FROM {1}", quote(&column), table.quoted());
                let found = match (&lower, &upper) {
                    (Some(_), Some(_)) => Vec::new(),
                    _ => session.row(&doing, &query).await?.unwrap_or_default(),
                };
                let number = |asked: Option<String>, index: usize, name: &str| match asked {
                    Some(text) => scale.number(&text).map(Some).ok_or_else(|| {
                        let text = format!("`partitionSettings.{name}` {text:?} is no value of the column {column:?}");
                        Fault::new(Code::PropertyMissing, text)
                    }),
                    None => Ok(found.get(index).cloned().flatten().and_then(|text| scale.number(&text))),
                };
                let (first, last) = (
                    number(lower, 0, "partitionLowerBound")?,
                    number(upper, 1, "partitionUpperBound")?,
                );
                let (Some(first), Some(last)) = (first, last) else {
                    return Ok(vec![Slice::whole(table.to_string())]);
                };
                let axis = Axis {
                    column: &column,
                    scale,
                    first,
                    last,
                };
                Ok(partition::by_range(table, &axis, rows, parallel))
            }
        }
    }
}

/// Reads a whole table in one stream.
///
/// # Errors
/// `SL60xx`.
pub(crate) async fn whole(
    settings: &Arc<Settings>,
    table: &TableName,
    batch_bytes: usize,
) -> Result<BatchStream, Fault> {
    let mut session = Session::open(settings).await?;
    let plan = Plan::of_table(&mut session, table, false).await?;
    let slice = Slice::whole(table.to_string());
    let reading = Reading {
        session,
        pool: Pool::default(),
        statement: plan.statement(&slice),
        label: slice.label,
        decoder: Reading::decoder(&plan, batch_bytes, false, false)?,
        columns: plan.wires.len(),
        bytes_read: Arc::default(),
        counted: 0,
        rejects: None,
    };
    Ok(reading.stream())
}

#[async_trait]
impl Source for MySqlSource {
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
        let decoder = Reading::decoder(&self.plan, self.batch_bytes, self.zero_is_null, self.rejects.is_some())?;
        let reading = Reading {
            session: self.pool.take()?,
            pool: self.pool.clone(),
            statement: self.plan.statement(slice),
            label: slice.label.clone(),
            decoder,
            columns: self.plan.wires.len(),
            bytes_read: self.bytes_read.clone(),
            counted: 0,
            rejects: self.rejects.clone(),
        };
        Ok(reading.stream())
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings.clone()
    }
}
