//! What is selected, and what becomes of it.

use crate::names::{TableName, quote_all};
use crate::session::Session;
use crate::types::{Carried, Wire};
use crate::wire::Definition;
use arrow::datatypes::{Schema, SchemaRef};
use sluice_contract::{Code, Fault};
use std::sync::Arc;

/// A readable statement.
pub(super) struct Plan {
    pub(super) schema: SchemaRef,
    pub(super) wires: Vec<Wire>,
    /// `SELECT ... FROM ...`, to which conditions can be added when it reads a table.
    select: String,
}

/// Some of a table's rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Slice {
    /// For people.
    pub(super) label: String,
    /// Partitions of the table; all when empty.
    pub(super) partitions: Vec<String>,
    /// For SQL; all rows when empty.
    pub(super) condition: String,
}

impl Slice {
    /// Everything.
    pub(super) fn whole(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            ..Self::default()
        }
    }
}

impl Plan {
    /// Reads all visible columns of a table or view.
    ///
    /// # Errors
    /// `SL6004`, `SL6007`; other `SL60xx`.
    pub(super) async fn of_table(session: &mut Session, table: &TableName, tiny: bool) -> Result<Self, Fault> {
        let doing = format!("describing {table}");
        let (_, columns) = session
            .describe(&doing, &format!("SELECT * FROM {}", table.quoted()))
            .await?;
        let names = quote_all(columns.iter().map(|column| column.name.as_str()));
        let select = format!("SELECT {names} FROM {}", table.quoted());
        Self::new(&columns, select, &format!("the table {table}"), tiny)
    }

    /// Reads what a query returns.
    ///
    /// # Errors
    /// `SL6007`, `SL6010`; other `SL60xx`.
    pub(super) async fn of_query(session: &mut Session, query: &str, tiny: bool) -> Result<Self, Fault> {
        let (_, columns) = session.describe("preparing the query", query).await?;
        Self::new(&columns, query.to_owned(), "the query", tiny)
    }

    fn new(columns: &[Definition], select: String, of: &str, tiny: bool) -> Result<Self, Fault> {
        if columns.is_empty() {
            return Err(Fault::new(Code::QueryFailed, format!("{of} returns no columns")));
        }
        for (index, column) in columns.iter().enumerate() {
            if columns[..index].iter().any(|other| other.name == column.name) {
                let text = format!(
                    "{of} returns two columns named {:?}: give one another name",
                    column.name
                );
                return Err(Fault::new(Code::QueryFailed, text));
            }
        }
        let carried: Vec<Carried> = columns
            .iter()
            .map(|column| Carried::of(column, tiny))
            .collect::<Result<_, _>>()?;
        let fields = columns
            .iter()
            .zip(&carried)
            .map(|(column, carried)| carried.field(&column.name));
        Ok(Self {
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            wires: carried.iter().map(|carried| carried.wire).collect(),
            select,
        })
    }

    /// The statement that reads a slice.
    pub(super) fn statement(&self, slice: &Slice) -> String {
        let mut statement = self.select.clone();
        if !slice.partitions.is_empty() {
            let names = quote_all(slice.partitions.iter().map(String::as_str));
            statement.push_str(&format!(" PARTITION ({names})"));
        }
        if !slice.condition.is_empty() {
            statement.push_str(&format!(" WHERE {}", slice.condition));
        }
        statement
    }
}
