//! What is selected, and what becomes of it.

use crate::describe::{Described, describe};
use crate::names::{TableName, quote};
use crate::session::Session;
use crate::types::{Carried, Wire};
use arrow::datatypes::{Schema, SchemaRef};
use sluice_contract::{Code, Fault};
use std::sync::Arc;

/// A readable statement.
pub(crate) struct Plan {
    pub(crate) schema: SchemaRef,
    pub(crate) wires: Vec<Wire>,
    /// `SELECT ... FROM ...`, to which a condition can be added when it reads a table.
    select: String,
}

impl Plan {
    /// Reads all columns of a table or view.
    ///
    /// # Errors
    /// `SL6007`; other `SL60xx`.
    pub(crate) async fn of_table(session: &Session, table: &TableName) -> Result<Self, Fault> {
        let doing = format!("describing {table}");
        let columns = describe(session, &doing, &format!("SELECT * FROM {}", table.quoted())).await?;
        let carried = carried(&columns, &format!("the table {table}"))?;
        let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
        Ok(Self::new(
            &columns,
            &carried,
            |list| format!("SELECT {list} FROM {}", table.quoted()),
            &names,
        ))
    }

    /// Reads what a query returns.
    ///
    /// # Errors
    /// `SL6007`, `SL6010`; other `SL60xx`.
    pub(crate) async fn of_query(session: &Session, query: &str) -> Result<Self, Fault> {
        let columns = describe(session, "preparing the query", query).await?;
        let carried = carried(&columns, "the query")?;
        if !carried.iter().any(|carried| carried.cast) {
            // As it is, so that its ORDER BY is kept to the letter.
            return Ok(Self::new(&columns, &carried, |_| query.to_owned(), &[]));
        }
        let names: Vec<String> = (0..columns.len()).map(|index| format!("c{index}")).collect();
        let list = names.join(", ");
        // The line break ends a comment that the query may end with.
        Ok(Self::new(
            &columns,
            &carried,
            |select| format!("SELECT {select} FROM ({query}\n) AS q({list})"),
            &names,
        ))
    }

    fn new(columns: &[Described], carried: &[Carried], select: impl FnOnce(&str) -> String, names: &[String]) -> Self {
        let expressions = names.iter().zip(carried).map(|(name, carried)| match carried.cast {
            true => format!("{name}::text"),
            false => name.clone(),
        });
        let fields = columns
            .iter()
            .zip(carried)
            .map(|(column, carried)| carried.field(&column.name));
        Self {
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            wires: carried.iter().map(|carried| carried.wire).collect(),
            select: select(&expressions.collect::<Vec<_>>().join(", ")),
        }
    }

    /// The COPY statement for the rows of a condition; an empty one means all.
    pub(crate) fn copy(&self, condition: &str) -> String {
        let filter = match condition {
            "" => String::new(),
            condition => format!(" WHERE {condition}"),
        };
        format!("COPY ({}{filter}\n) TO STDOUT (FORMAT binary)", self.select)
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
