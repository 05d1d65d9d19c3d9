//! What is selected, and what becomes of it.

use crate::describe::{Described, describe};
use crate::names::{TableName, quote};
use crate::session::Session;
use crate::types::{Carried, Wire};
use crate::wire::lines::Kind;
use arrow::datatypes::{Schema, SchemaRef};
use serde::{Deserialize, Serialize};
use sluice_contract::{Code, Fault};
use std::sync::Arc;

/// The columns of a readable statement.
pub(crate) struct Plan {
    pub(crate) schema: SchemaRef,
    pub(crate) wires: Vec<Wire>,
    /// The exact type of every column.
    pub(crate) types: Vec<String>,
    columns: Vec<String>,
    casts: Vec<bool>,
}

/// The form in which rows are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// To be decoded: what has no binary form that is understood here is cast to text.
    Decoded,
    /// As they are.
    Native,
    /// As texts: values as the server writes them, and casts as to be decoded.
    Text,
}

/// Some of the rows, in SQL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Rows {
    /// Of a table, quoted, under a condition; none when it is empty.
    Of(String, String),
    /// What a query returns.
    Query(String),
}

impl Plan {
    /// Reads all columns of a table or view.
    ///
    /// # Errors
    /// `SL6007`; other `SL60xx`.
    pub(crate) async fn of_table(session: &Session, table: &TableName) -> Result<Self, Fault> {
        let doing = format!("describing {table}");
        let columns = describe(session, &doing, &format!("SELECT * FROM {}", table.quoted())).await?;
        Self::new(&columns, &format!("the table {table}"))
    }

    /// Reads what a query returns.
    ///
    /// # Errors
    /// `SL6007`, `SL6010`; other `SL60xx`.
    pub(crate) async fn of_query(session: &Session, query: &str) -> Result<Self, Fault> {
        let columns = describe(session, "preparing the query", query).await?;
        Self::new(&columns, "the query")
    }

    fn new(columns: &[Described], of: &str) -> Result<Self, Fault> {
        let carried = carried(columns, of)?;
        let fields = columns.iter().zip(&carried);
        let fields = fields.map(|(column, carried)| carried.field(&column.name));
        Ok(Self {
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            wires: carried.iter().map(|carried| carried.wire).collect(),
            types: carried.iter().map(|carried| carried.full.clone()).collect(),
            columns: columns.iter().map(|column| column.name.clone()).collect(),
            casts: carried.iter().map(|carried| carried.cast).collect(),
        })
    }

    /// Whether the server's texts of all values are read, as it writes them in a session of such settings.
    pub(crate) fn has_texts(&self, date_style: &str, zone: &str) -> bool {
        self.wires.iter().all(|wire| {
            let iso = date_style.starts_with("ISO");
            match Kind::of(*wire) {
                Some(Kind::Date | Kind::Timestamp(false)) => iso,
                Some(Kind::Timestamp(true)) => iso && matches!(zone, "UTC" | "Etc/UTC" | "GMT"),
                kind => kind.is_some(),
            }
        })
    }

    /// The place of a column: of this name, or of the only one that differs in case.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        let exact = self.columns.iter().position(|column| column == name);
        exact.or_else(|| {
            let folded = name.to_lowercase();
            let mut alike = (0..self.columns.len()).filter(|index| self.columns[*index].to_lowercase() == folded);
            let found = alike.next()?;
            alike.next().is_none().then_some(found)
        })
    }

    /// A column's name.
    pub(crate) fn column(&self, index: usize) -> &str {
        &self.columns[index]
    }

    /// The COPY statement for some rows.
    pub(crate) fn copy(&self, rows: &Rows, form: Form) -> String {
        let casts = |index: usize| form != Form::Native && self.casts[index];
        let list = |names: &[String]| {
            let expression = |(index, name): (usize, &String)| match casts(index) {
                true => format!("{name}::text"),
                false => name.clone(),
            };
            names.iter().enumerate().map(expression).collect::<Vec<_>>().join(", ")
        };
        let select = match rows {
            Rows::Of(table, condition) => {
                let names: Vec<String> = self.columns.iter().map(|name| quote(name)).collect();
                let filter = match condition.as_str() {
                    "" => String::new(),
                    condition => format!(" WHERE {condition}"),
                };
                format!("SELECT {} FROM {table}{filter}", list(&names))
            }
            // As it is, so that its ORDER BY is kept to the letter.
            Rows::Query(query) if !(0..self.casts.len()).any(casts) => query.clone(),
            Rows::Query(query) => {
                let names: Vec<String> = (0..self.columns.len()).map(|index| format!("c{index}")).collect();
                // The line break ends a comment that the query may end with.
                format!("SELECT {} FROM ({query}\n) AS q({})", list(&names), names.join(", "))
            }
        };
        let format = match form {
            Form::Text => "text",
            Form::Decoded | Form::Native => "binary",
        };
        format!("COPY ({select}\n) TO STDOUT (FORMAT {format})")
    }
}

fn carried(columns: &[Described], of: &str) -> Result<Vec<Carried>, Fault> {
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
    columns.iter().map(Described::carried).collect()
}
