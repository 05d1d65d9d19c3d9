//! The table a sink writes, and how the source's columns go into it.

use super::fit::{Form, fit};
use super::parts;
use super::upsert::Upsert;
use crate::errors;
use crate::names::{missing, quote, quote_all};
use crate::types::{self, Affinity};
use arrow::datatypes::{DataType, Field, Schema};
use rusqlite::{Connection, OptionalExtension};
use sluice_contract::{Code, Fault};
use sluice_store_core::WriteBehavior;
use sluice_store_core::table_sink::columnless;

/// The target.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) name: String,
    /// Its columns' declarations when it has to be created at the commit.
    pub(crate) create: Option<String>,
    /// In the order of the source.
    pub(crate) columns: Vec<TargetColumn>,
    /// Where rows of the same keys are replaced.
    pub(crate) upsert: Option<Upsert>,
}

/// A column that is written.
#[derive(Debug)]
pub(crate) struct TargetColumn {
    /// The name in the source.
    pub(crate) source: String,
    /// The name in the target.
    pub(crate) name: String,
    pub(crate) affinity: Affinity,
    pub(crate) form: Form,
}

/// A column of an existing table.
struct There {
    name: String,
    declared: String,
    generated: bool,
}

impl Target {
    /// Finds the table, or plans to create it, and matches the columns.
    ///
    /// # Errors
    /// `SL6004`, `SL6007`, `SL6012`; other `SL60xx`.
    pub(crate) fn plan(
        connection: &Connection,
        table: &str,
        create: bool,
        behavior: &WriteBehavior,
        schema: &Schema,
    ) -> Result<Self, Fault> {
        let failed = |error| errors::fault(&format!("describing {table}"), &error);
        let find = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND name = ?1 COLLATE NOCASE";
        let found: Option<String> = connection
            .query_row(find, [table], |row| row.get(0))
            .optional()
            .map_err(failed)?;
        let (mut target, is_there) = match found {
            Some(name) => (
                Self::existing(name, &there(connection, table).map_err(failed)?, schema)?,
                true,
            ),
            None if create && schema.fields().is_empty() => {
                return Err(columnless(format_args!(
                    "the table {table} cannot be made without columns"
                )));
            }
            None if create => (Self::created(table, schema)?, false),
            None => return Err(missing(table)),
        };
        if let WriteBehavior::Upsert { keys } = behavior {
            let upsert = match is_there {
                true => Upsert::of(connection, &target, keys)?,
                false => Upsert::of_created(&target, keys)?,
            };
            if let Some(columns) = &mut target.create {
                let keys = quote_all(upsert.keys.iter().map(String::as_str));
                columns.push_str(&format!(", PRIMARY KEY ({keys})"));
            }
            target.upsert = Some(upsert);
        }
        Ok(target)
    }

    fn existing(name: String, there: &[There], schema: &Schema) -> Result<Self, Fault> {
        let stand_in = stand_in(&name, there, schema)?;
        let schema = stand_in.as_ref().unwrap_or(schema);
        let mut columns: Vec<TargetColumn> = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            let found = find(field, there, &name)?;
            if found.generated {
                let text = format!("column {:?} of {name} is generated and cannot be written", found.name);
                return Err(Fault::new(Code::SchemaMismatch, text));
            }
            if let Some(other) = columns.iter().find(|column| column.name == found.name) {
                let text = format!(
                    "columns {:?} and {:?} are the same in {name}",
                    other.source,
                    field.name()
                );
                return Err(Fault::new(Code::SchemaMismatch, text));
            }
            columns.push(TargetColumn {
                source: field.name().clone(),
                name: found.name.clone(),
                affinity: Affinity::of(&found.declared),
                form: fit(field, &found.declared)?,
            });
        }
        Ok(Self {
            name,
            create: None,
            columns,
            upsert: None,
        })
    }

    fn created(table: &str, schema: &Schema) -> Result<Self, Fault> {
        let mut columns: Vec<TargetColumn> = Vec::with_capacity(schema.fields().len());
        let mut list = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            if let Some(other) = columns
                .iter()
                .find(|column| column.name.eq_ignore_ascii_case(field.name()))
            {
                let text = format!(
                    "columns {:?} and {:?} are the same in SQLite",
                    other.source,
                    field.name()
                );
                return Err(Fault::new(Code::SchemaMismatch, text));
            }
            let declared = types::declare(field)?;
            list.push(format!("{} {declared}", quote(field.name())));
            columns.push(TargetColumn {
                source: field.name().clone(),
                name: field.name().clone(),
                affinity: Affinity::of(&declared),
                form: fit(field, &declared)?,
            });
        }
        Ok(Self {
            name: table.to_owned(),
            create: Some(list.join(", ")),
            columns,
            upsert: None,
        })
    }

    /// The columns that are written, for SQL.
    pub(crate) fn list(&self) -> String {
        quote_all(self.columns.iter().map(|column| column.name.as_str()))
    }

    /// The columns of the staging table: those of the target, without its constraints.
    pub(crate) fn stage_columns(&self) -> String {
        let column = |column: &TargetColumn| format!("{} {}", quote(&column.name), column.affinity.word());
        self.columns.iter().map(column).collect::<Vec<_>>().join(", ")
    }

    /// The statement that stages a row.
    pub(crate) fn stage_insert(&self, stage: &str) -> String {
        let values = vec!["?"; self.columns.len()].join(", ");
        format!("INSERT INTO {stage} ({}) VALUES ({values})", self.list())
    }

    /// The statement that stages a row of a part.
    pub(crate) fn part_insert(&self, stage: &str, part: i64) -> String {
        let values = vec!["?"; self.columns.len()].join(", ");
        let number = quote(parts::COLUMN);
        format!(
            "INSERT INTO {stage} ({}, {number}) VALUES ({values}, {part})",
            self.list()
        )
    }

    /// The statement that publishes those rows of a staging table that are put in the place of `{rows}`; none where it
    /// takes more than one.
    pub(crate) fn publish_rows(&self, stage: &str) -> Option<String> {
        let (name, list) = (quote(&self.name), self.list());
        // Without the WHERE, SQLite would take the ON of an upsert for a join's.
        let insert = format!("INSERT INTO main.{name} ({list}) SELECT {list} FROM {stage} WHERE {{rows}}");
        match &self.upsert {
            None => Some(insert),
            Some(upsert) => upsert.on_conflict(self).map(|on| format!("{insert} {on}")),
        }
    }

    /// A name of the staging table's row number that no column has.
    pub(crate) fn row_number(&self) -> Option<&'static str> {
        let taken = |word: &str| self.columns.iter().any(|column| column.name.eq_ignore_ascii_case(word));
        ["rowid", "_rowid_", "oid"].into_iter().find(|word| !taken(word))
    }
}

fn there(connection: &Connection, table: &str) -> rusqlite::Result<Vec<There>> {
    let query = "SELECT name, type, hidden IN (2, 3) FROM pragma_table_xinfo(?1, 'main') WHERE hidden <> 1";
    let mut statement = connection.prepare(query)?;
    let columns = statement.query_map([table], |row| {
        Ok(There {
            name: row.get(0)?,
            declared: row.get(1)?,
            generated: row.get(2)?,
        })
    })?;
    columns.collect()
}

/// The columns that an empty source without columns of its own stands for: those of the table that take texts. No row comes.
fn stand_in(name: &str, there: &[There], schema: &Schema) -> Result<Option<Schema>, Fault> {
    if !schema.fields().is_empty() {
        return Ok(None);
    }
    let fields = there.iter().filter(|column| !column.generated).filter_map(|column| {
        let field = Field::new(&column.name, DataType::Utf8, true);
        fit(&field, &column.declared).is_ok().then_some(field)
    });
    let fields: Vec<Field> = fields.collect();
    match fields.is_empty() {
        true => Err(columnless(format_args!("no column of {name} takes texts"))),
        false => Ok(Some(Schema::new(fields))),
    }
}

/// The target's column for one of the source. SQLite's names differ in more than case, or are the same.
fn find<'a>(field: &Field, there: &'a [There], table: &str) -> Result<&'a There, Fault> {
    there
        .iter()
        .find(|column| column.name.eq_ignore_ascii_case(field.name()))
        .ok_or_else(|| {
            let text = format!("{table} has no column {:?}, which the source has", field.name());
            Fault::new(Code::SchemaMismatch, text)
        })
}
