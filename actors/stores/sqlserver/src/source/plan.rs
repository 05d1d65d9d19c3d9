//! What is selected, and what becomes of it.

use crate::describe::{Described, describe, table};
use crate::names::{TableName, literal, quote};
use crate::session::Session;
use crate::types::SqlType;
use crate::types::carried::Carried;
use arrow::datatypes::{Schema, SchemaRef};
use sluice_contract::{Code, Fault};
use std::sync::Arc;

/// A readable statement.
pub(super) struct Plan {
    pub(super) schema: SchemaRef,
    /// What the columns lose on the way.
    pub(super) warnings: Vec<String>,
    /// The statement for all rows.
    whole: String,
    /// The statement to which a condition can be added; none where its rows cannot be split.
    splits: Option<String>,
}

impl Plan {
    /// Reads all columns of a table or view.
    ///
    /// # Errors
    /// `SL6004`, `SL6007`; other `SL60xx`.
    pub(super) async fn of_table(session: &mut Session, name: &TableName) -> Result<Self, Fault> {
        let columns = table(session, &format!("describing {name}"), &name.quoted()).await;
        let columns = columns.map_err(|fault| match fault.code {
            Code::TableNotFound => missing(name),
            _ => fault,
        })?;
        let carried = carried(&columns, &format!("the table {name}"))?;
        let list = list(&columns, &carried);
        let select = format!("SELECT {list} FROM {}", name.quoted());
        Ok(Self::new(&columns, &carried, select.clone(), Some(select)))
    }

    /// Reads what a query returns.
    ///
    /// # Errors
    /// `SL6007`, `SL6010`; other `SL60xx`.
    pub(super) async fn of_query(session: &mut Session, query: &str) -> Result<Self, Fault> {
        const DOING: &str = "preparing the query";
        let columns = describe(session, DOING, query).await?;
        let carried = carried(&columns, "the query")?;
        // As a derived table, its columns can be cast and its rows split: where it has no ORDER BY and no common table
        // expression, which the server says. The line break ends a comment that the query may end with.
        let wrapped = format!("SELECT {} FROM (\n{query}\n) AS sluice_q", list(&columns, &carried));
        let needs = carried.iter().position(|carried| carried.needs_cast);
        match describe(session, DOING, &wrapped).await {
            Ok(_) => {
                // Without casts it stays as it is, so that its plan is the user's.
                let casts = carried.iter().any(|carried| carried.cast.is_some());
                let whole = if casts { wrapped.clone() } else { query.to_owned() };
                Ok(Self::new(&columns, &carried, whole, Some(wrapped)))
            }
            Err(fault) if fault.retryable => Err(fault),
            Err(_) => match needs {
                None => Ok(Self::new(&columns, &carried, query.to_owned(), None)),
                Some(index) => {
                    let text = format!(
                        "column {:?} of the query is of type {}, which has to be cast, and the query cannot be a derived table \
                         (an ORDER BY or WITH?): cast it to nvarchar in the query",
                        columns[index].name, columns[index].ty
                    );
                    Err(Fault::new(Code::TypeUnsupported, text))
                }
            },
        }
    }

    /// Reads what a stored procedure returns first.
    ///
    /// # Errors
    /// `SL6007`, `SL6010`, `SL6013`; other `SL60xx`.
    pub(super) async fn of_procedure(
        session: &mut Session,
        name: &str,
        parameters: &[(String, Option<String>)],
    ) -> Result<Self, Fault> {
        let procedure = TableName::parse(name, "sqlReaderStoredProcedureName")?;
        let mut arguments = Vec::new();
        for (name, value) in parameters {
            let bare = name.strip_prefix('@').unwrap_or(name);
            let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '#' | '$' | '@');
            if bare.is_empty() || !bare.chars().all(is_name) {
                let text = format!("storedProcedureParameters: {name:?} is not the name of a parameter");
                return Err(Fault::new(Code::PropertyMissing, text));
            }
            let value = value.as_ref().map_or("NULL".to_owned(), |text| literal(text));
            arguments.push(format!("@{bare} = {value}"));
        }
        let call = format!("EXEC {} {}", procedure.quoted(), arguments.join(", "));
        let call = call.trim_end().to_owned();
        let columns = describe(session, &format!("describing the procedure {procedure}"), &call).await?;
        let what = format!("the procedure {procedure}");
        let carried = carried(&columns, &what)?;
        if let Some(index) = carried.iter().position(|carried| carried.needs_cast) {
            let text = format!(
                "column {:?} of {what} is of type {}: cast it there",
                columns[index].name, columns[index].ty
            );
            return Err(Fault::new(Code::TypeUnsupported, text));
        }
        Ok(Self::new(&columns, &carried, call, None))
    }

    fn new(columns: &[Described], carried: &[Carried], whole: String, splits: Option<String>) -> Self {
        let fields = columns
            .iter()
            .zip(carried)
            .map(|(column, carried)| carried.field(&column.name));
        let offsets = columns
            .iter()
            .filter(|column| matches!(column.ty, SqlType::DateTimeOffset(_)));
        let offsets: Vec<String> = offsets.map(|column| format!("{:?}", column.name)).collect();
        let warnings = match offsets.is_empty() {
            true => Vec::new(),
            false => vec![format!(
                "datetimeoffset is carried as its moment: the offsets of {} are not kept (they come out as +00:00)",
                offsets.join(", ")
            )],
        };
        Self {
            schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())),
            warnings,
            whole,
            splits,
        }
    }

    /// Whether its rows can be split by a condition.
    pub(super) fn splits(&self) -> bool {
        self.splits.is_some()
    }

    /// The statement for the rows of a condition; an empty one means all.
    pub(super) fn statement(&self, condition: &str) -> String {
        match (condition, &self.splits) {
            ("", _) | (_, None) => self.whole.clone(),
            (condition, Some(select)) => format!("{select} WHERE {condition}"),
        }
    }
}

/// There is no such table.
pub(crate) fn missing(table: &TableName) -> Fault {
    Fault::new(
        Code::TableNotFound,
        format!("there is no table {table} that this login may see"),
    )
}

fn list(columns: &[Described], carried: &[Carried]) -> String {
    let expressions = columns
        .iter()
        .zip(carried)
        .map(|(column, carried)| carried.expression(&column.name));
    expressions.collect::<Vec<_>>().join(", ")
}

fn carried(columns: &[Described], of: &str) -> Result<Vec<Carried>, Fault> {
    let failed = |text: String| Err(Fault::new(Code::QueryFailed, text));
    if columns.is_empty() {
        return failed(format!("{of} returns no columns"));
    }
    for (index, column) in columns.iter().enumerate() {
        if column.name.is_empty() {
            return failed(format!("column {} of {of} has no name: give it one with AS", index + 1));
        }
        if columns[..index].iter().any(|other| other.name == column.name) {
            return failed(format!(
                "{of} returns two columns named {:?}: give one another name",
                column.name
            ));
        }
    }
    columns.iter().map(Carried::of).collect()
}

/// A range's column, as conditions name it.
pub(super) fn column(name: &str) -> String {
    quote(name)
}
