//! What is selected, and what becomes of it.

use super::survey;
use crate::errors;
use crate::names::{missing, quote, quote_all};
use crate::types::Carrier;
use arrow::datatypes::{Field, Schema, SchemaRef};
use rusqlite::{Connection, OptionalExtension};
use sluice_contract::{Code, Fault};
use sluice_store_core::source::ORIGINAL_TYPE;
use std::sync::Arc;

/// A readable statement.
pub(crate) struct Layout {
    pub(crate) schema: SchemaRef,
    pub(crate) carriers: Vec<Carrier>,
    /// The name for people: the table, or "the query".
    pub(crate) name: String,
    /// The columns, for SQL.
    pub(crate) list: String,
    /// What stands behind FROM.
    pub(crate) from: String,
    /// The name of the row number, quoted; none where rows have none.
    pub(crate) rowid: Option<String>,
    pub(crate) warnings: Vec<String>,
}

/// A column and its declaration.
pub(crate) struct Declared {
    pub(crate) name: String,
    pub(crate) declared: String,
}

impl Layout {
    /// All columns of a table or view.
    ///
    /// # Errors
    /// `SL6004`, `SL6007`; other `SL60xx`.
    pub(crate) fn of_table(connection: &Connection, table: &str) -> Result<Self, Fault> {
        let failed = |error| errors::fault(&format!("describing {table}"), &error);
        let (name, has_rowid) = connection
            .query_row(
                "SELECT name, type = 'table' AND wr = 0 FROM pragma_table_list \
                 WHERE schema = 'main' AND name = ?1 COLLATE NOCASE",
                [table],
                |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)),
            )
            .optional()
            .map_err(failed)?
            .ok_or_else(|| missing(table))?;
        let columns = declared(connection, "main", &name).map_err(failed)?;
        let carriers = columns.iter().map(|column| Carrier::of(&column.declared)).collect();
        let taken = |word: &str| columns.iter().any(|column| column.name.eq_ignore_ascii_case(word));
        let rowid = ["rowid", "_rowid_", "oid"].into_iter().find(|word| !taken(word));
        let mut layout = Self::new(connection, &name, &columns, carriers, format!("main.{}", quote(&name)))?;
        layout.rowid = rowid.filter(|_| has_rowid).map(quote);
        Ok(layout)
    }

    /// What a query returns.
    ///
    /// # Errors
    /// `SL6007`, `SL6010`; other `SL60xx`.
    pub(crate) fn of_query(connection: &Connection, query: &str) -> Result<Self, Fault> {
        // The line break ends a comment that the query may end with; the parentheses keep it one query.
        let from = format!("({query}\n)");
        let failed = |error| errors::fault("preparing the query", &error);
        connection.prepare(&format!("SELECT * FROM {from}")).map_err(failed)?;
        // By itself, too: between parentheses SQLite renames columns, and half of something may become whole.
        let statement = connection.prepare(query).map_err(failed)?;
        if statement.parameter_count() > 0 {
            let text = "the query has parameters (?), which have no values here";
            return Err(Fault::new(Code::QueryFailed, text));
        }
        let names: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
        drop(statement);
        for (index, name) in names.iter().enumerate() {
            if names[..index].contains(name) {
                let text = format!("the query returns two columns named {name:?}: give one another name");
                return Err(Fault::new(Code::QueryFailed, text));
            }
        }
        // A view knows the declarations of the columns that it passes on.
        let view = format!("CREATE TEMP VIEW sluice_query AS SELECT * FROM {from}");
        connection.execute_batch(&view).map_err(failed)?;
        let found = declared(connection, "temp", "sluice_query").map_err(failed)?;
        connection
            .execute_batch("DROP VIEW temp.sluice_query")
            .map_err(failed)?;
        if found.len() != names.len() {
            return Err(Fault::new(
                Code::Internal,
                "a query and its view have different columns",
            ));
        }
        let found = names.into_iter().zip(found).map(|(name, column)| Declared {
            name,
            declared: column.declared,
        });
        let columns: Vec<Declared> = found.collect();
        // SQLite also says BLOB for a column without declaration.
        let carrier = |column: &Declared| Carrier::of(&column.declared).filter(|found| *found != Carrier::Binary);
        let carriers = columns.iter().map(carrier).collect();
        Self::new(connection, "the query", &columns, carriers, from)
    }

    fn new(
        connection: &Connection,
        name: &str,
        columns: &[Declared],
        carriers: Vec<Option<Carrier>>,
        from: String,
    ) -> Result<Self, Fault> {
        if columns.is_empty() {
            return Err(Fault::new(Code::QueryFailed, format!("{name} has no columns")));
        }
        let mut warnings = Vec::new();
        let carriers = survey::complete(connection, name, columns, carriers, &from, &mut warnings)?;
        let field = |(column, carrier): (&Declared, &Carrier)| {
            let field = Field::new(&column.name, carrier.data_type(), true);
            match column.declared.is_empty() {
                true => field,
                false => field.with_metadata([(ORIGINAL_TYPE.to_owned(), column.declared.clone())]),
            }
        };
        let fields: Vec<Field> = columns.iter().zip(&carriers).map(field).collect();
        Ok(Self {
            schema: Arc::new(Schema::new(fields)),
            carriers,
            name: name.to_owned(),
            list: quote_all(columns.iter().map(|column| column.name.as_str())),
            from,
            rowid: None,
            warnings,
        })
    }
}

/// The columns of a table or view, generated ones included, hidden ones of virtual tables not.
pub(crate) fn declared(connection: &Connection, schema: &str, table: &str) -> rusqlite::Result<Vec<Declared>> {
    let mut statement = connection.prepare("SELECT name, type FROM pragma_table_xinfo(?1, ?2) WHERE hidden <> 1")?;
    let columns = statement.query_map([table, schema], |row| {
        Ok(Declared {
            name: row.get(0)?,
            declared: row.get(1)?,
        })
    })?;
    columns.collect()
}
