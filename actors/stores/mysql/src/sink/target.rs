//! The table a sink writes, and how the source's columns go into it.

use super::fit::{Fit, fit};
use crate::declare::{Kind, ROW_ROOM, declared};
use crate::names::{TableName, literal, quote, quote_all};
use crate::session::Session;
use arrow::datatypes::{DataType, Field, Schema};
use sluice_contract::{Code, Fault};
use sluice_store_core::table_sink::columnless;

/// The target.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) name: TableName,
    /// It is not there: the staging table becomes it, or it is made like the staging table.
    pub(super) create: bool,
    /// In the order of the source.
    pub(super) columns: Vec<TargetColumn>,
    /// The column behind them that numbers the rows of the staging table, where rows may be left out.
    pub(super) number: Option<String>,
}

/// A column that is written.
#[derive(Clone, Debug)]
pub(super) struct TargetColumn {
    pub(super) source: String,
    pub(super) name: String,
    /// Type, character set and collation, for SQL.
    pub(super) declaration: String,
    /// It takes no NULL.
    pub(super) required: bool,
    pub(super) fit: Fit,
}

/// A column that is there.
struct There {
    name: String,
    kind: String,
    required: bool,
    charset: Option<String>,
    collation: Option<String>,
    generated: bool,
}

impl Target {
    /// Finds the table, or plans to create it, and matches the columns.
    ///
    /// # Errors
    /// `SL6004`, `SL6007`, `SL6012`; other `SL60xx`.
    pub(super) async fn plan(
        session: &mut Session,
        name: &TableName,
        create: bool,
        schema: &Schema,
    ) -> Result<Self, Fault> {
        let there = find(session, name).await?;
        match there.is_empty() {
            false if schema.fields().is_empty() => Self::existing(name.clone(), &there, &stand_in(name, &there)?),
            false => Self::existing(name.clone(), &there, schema),
            true if create && schema.fields().is_empty() => {
                Err(columnless(format_args!("{name} cannot be made without columns")))
            }
            true if create => Self::created(name.clone(), schema),
            true => {
                let text = format!("there is no table {name} that this user may see");
                Err(Fault::new(Code::TableNotFound, text))
            }
        }
    }

    fn existing(name: TableName, there: &[There], schema: &Schema) -> Result<Self, Fault> {
        let mut columns: Vec<TargetColumn> = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            let found = pick(field, there, &name)?;
            let mismatch = |text| Err(Fault::new(Code::SchemaMismatch, text));
            if found.generated {
                return mismatch(format!(
                    "column {:?} of {name} is generated and cannot be written",
                    found.name
                ));
            }
            if let Some(other) = columns.iter().find(|column| column.name == found.name) {
                return mismatch(format!(
                    "columns {:?} and {:?} are the same in {name}",
                    other.source,
                    field.name()
                ));
            }
            columns.push(TargetColumn {
                source: field.name().clone(),
                name: found.name.clone(),
                declaration: found.declaration(),
                required: found.required,
                fit: fit(field, Kind::parse(&found.kind), &found.kind)?,
            });
        }
        Ok(Self {
            name,
            create: false,
            columns,
            number: None,
        })
    }

    fn created(name: TableName, schema: &Schema) -> Result<Self, Fault> {
        let mut room = ROW_ROOM;
        let mut columns = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            let declaration = declared(field, &mut room)?;
            columns.push(TargetColumn {
                source: field.name().clone(),
                name: field.name().clone(),
                required: false,
                fit: fit(field, Kind::parse(&declaration), &declaration)?,
                declaration,
            });
        }
        Ok(Self {
            name,
            create: true,
            columns,
            number: None,
        })
    }

    /// Has the staged rows numbered, so that each can be told from the others.
    pub(super) fn number_rows(&mut self) {
        let mut number = "_sluice_row".to_owned();
        while self
            .columns
            .iter()
            .any(|column| column.name.eq_ignore_ascii_case(&number))
        {
            number.push('_');
        }
        self.number = Some(number);
    }

    /// The names of the written columns, for SQL.
    pub(super) fn list(&self) -> String {
        quote_all(self.columns.iter().map(|column| column.name.as_str()))
    }

    /// The declarations of a table with these columns, for SQL. NULL is taken everywhere: in a timestamp that is not told
    /// so it would become the time of day.
    pub(super) fn declarations(&self) -> String {
        let column = |column: &TargetColumn| format!("{} {} NULL", quote(&column.name), column.declaration);
        let number = |name: &String| format!("{} bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY", quote(name));
        let all = self.columns.iter().map(column).chain(self.number.iter().map(number));
        all.collect::<Vec<_>>().join(", ")
    }
}

impl There {
    fn declaration(&self) -> String {
        let mut declaration = self.kind.clone();
        if let (Some(charset), Some(collation)) = (&self.charset, &self.collation) {
            declaration.push_str(&format!(" CHARACTER SET {charset} COLLATE {collation}"));
        }
        declaration
    }
}

async fn find(session: &mut Session, table: &TableName) -> Result<Vec<There>, Fault> {
    let doing = format!("describing {table}");
    let place = format!(
        "TABLE_SCHEMA = {} AND TABLE_NAME = {}",
        literal(&table.database),
        literal(&table.table)
    );
    let query = format!("SELECT ENGINE FROM information_schema.TABLES WHERE {place} AND TABLE_TYPE = 'BASE TABLE'");
    let engine = session.row(&doing, &query).await?;
    if let Some(engine) = engine.and_then(|row| row.into_iter().next().flatten())
        && !matches!(
            engine.to_ascii_lowercase().as_str(),
            "innodb" | "rocksdb" | "ndbcluster"
        )
    {
        let text =
            format!("{table} is of the engine {engine}, which has no transactions: a copy could be seen in part");
        return Err(Fault::new(Code::SchemaMismatch, text));
    }
    let query = format!(
        "SELECT COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, CHARACTER_SET_NAME, COLLATION_NAME, EXTRA \
         FROM information_schema.COLUMNS WHERE {place} ORDER BY ORDINAL_POSITION"
    );
    let answer = session.run(&doing, &query).await?;
    let column = |row: Vec<Option<String>>| {
        let mut cells = row.into_iter();
        let mut next = || cells.next().flatten();
        There {
            name: next().unwrap_or_default(),
            kind: next().unwrap_or_default(),
            required: next().is_some_and(|word| word.eq_ignore_ascii_case("no")),
            charset: next(),
            collation: next(),
            generated: next().is_some_and(|extra| is_generated(&extra)),
        }
    };
    Ok(answer.rows.into_iter().map(column).collect())
}

/// `VIRTUAL GENERATED`, `STORED GENERATED`; but `DEFAULT_GENERATED` is only a default that is an expression.
fn is_generated(extra: &str) -> bool {
    let words = extra
        .split_whitespace()
        .any(|word| word.eq_ignore_ascii_case("GENERATED"));
    words || extra.to_ascii_uppercase().contains("ROW START") || extra.to_ascii_uppercase().contains("ROW END")
}

/// The columns that an empty source without columns of its own stands for: those of the table that take texts. No row comes.
fn stand_in(name: &TableName, there: &[There]) -> Result<Schema, Fault> {
    let fields = there.iter().filter(|column| !column.generated).filter_map(|column| {
        let field = Field::new(&column.name, DataType::Utf8, true);
        fit(&field, Kind::parse(&column.kind), &column.kind)
            .is_ok()
            .then_some(field)
    });
    let fields: Vec<Field> = fields.collect();
    match fields.is_empty() {
        true => Err(columnless(format_args!("no column of {name} takes texts"))),
        false => Ok(Schema::new(fields)),
    }
}

/// The target's column for one of the source. MySQL does not tell names of columns apart by case.
fn pick<'a>(field: &Field, there: &'a [There], table: &TableName) -> Result<&'a There, Fault> {
    let name = field.name();
    let exact = there.iter().find(|column| column.name == *name);
    let folded = name.to_lowercase();
    exact
        .or_else(|| there.iter().find(|column| column.name.to_lowercase() == folded))
        .ok_or_else(|| {
            let text = format!("{table} has no column {name:?}, which the source has");
            Fault::new(Code::SchemaMismatch, text)
        })
}
