//! The table a sink writes, and how the source's columns go into it.

use crate::describe::{self, Described, primary_key};
use crate::names::{TableName, quote};
use crate::session::{Session, value};
use crate::source::plan::missing;
use crate::types::declared::declared;
use crate::values::form::{self, Form};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use sluice_contract::{Code, Fault};
use sluice_store_core::WriteBehavior;
use sluice_store_core::table_sink::columnless;
use std::sync::Arc;

/// The target.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// With its schema.
    pub(crate) name: TableName,
    /// Its columns' declarations when it has to be created at the commit.
    pub(crate) create: Option<String>,
    /// In the order of the source.
    pub(crate) columns: Vec<TargetColumn>,
    /// The names of the columns that an upsert finds rows by; empty for inserts.
    pub(crate) keys: Vec<String>,
    /// Whether values of an identity column are written.
    pub(crate) identity: bool,
}

/// A column that is written.
#[derive(Clone, Debug)]
pub(crate) struct TargetColumn {
    /// The source's name for it.
    pub(crate) source: String,
    pub(crate) name: String,
    pub(crate) form: Form,
    pub(crate) nullable: bool,
    identity: bool,
    /// Where the collation counts.
    collation: Option<String>,
}

impl Target {
    /// Finds the table, or plans to create it, and matches the columns.
    ///
    /// # Errors
    /// `SL6004`, `SL6007`, `SL6012`, `SL6013`; other `SL60xx`.
    pub(crate) async fn plan(
        session: &mut Session,
        table: &TableName,
        create: bool,
        behavior: &WriteBehavior,
        schema: &Schema,
    ) -> Result<Self, Fault> {
        let name = TableName {
            schema: Some(match &table.schema {
                Some(schema) => schema.clone(),
                None => default_schema(session).await?,
            }),
            table: table.table.clone(),
        };
        let mut target = match describe::exists(session, &name.quoted()).await? {
            true => Self::existing(session, name, schema).await?,
            false if create && schema.fields().is_empty() => {
                return Err(columnless(format_args!("{name} cannot be made without columns")));
            }
            false if create => Self::created(name, schema)?,
            false => return Err(missing(&name)),
        };
        if let WriteBehavior::Upsert { keys } = behavior {
            target.keys = target.upsert_keys(session, keys).await?;
        }
        Ok(target)
    }

    async fn existing(session: &mut Session, name: TableName, schema: &Schema) -> Result<Self, Fault> {
        let doing = format!("describing {name}");
        let mut there = describe::table(session, &doing, &name.quoted()).await?;
        describe::code_pages(session, &doing, &name.quoted(), &mut there).await?;
        let stand_in = stand_in(&name, &there, schema)?;
        let schema = stand_in.as_ref().unwrap_or(schema);
        let mut columns: Vec<TargetColumn> = Vec::with_capacity(schema.fields().len());
        let mut identity = false;
        for field in schema.fields() {
            let found = find(field, &there, &name)?;
            if found.computed {
                let text = format!(
                    "column {:?} of {name} is computed by the server and cannot be written",
                    found.name
                );
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
            identity |= found.identity;
            columns.push(TargetColumn::of(field, found)?);
        }
        Ok(Self {
            name,
            create: None,
            columns,
            keys: Vec::new(),
            identity,
        })
    }

    fn created(name: TableName, schema: &Schema) -> Result<Self, Fault> {
        let mut list = Vec::new();
        let mut columns: Vec<TargetColumn> = Vec::new();
        for field in schema.fields() {
            let described = Described {
                name: field.name().clone(),
                ty: declared(field)?,
                nullable: true,
                identity: false,
                computed: false,
                collation: None,
                code_page: None,
            };
            if columns
                .iter()
                .any(|column| column.name.to_lowercase() == described.name.to_lowercase())
            {
                let text = format!(
                    "the source has two columns named {:?}, which are one to SQL Server",
                    described.name
                );
                return Err(Fault::new(Code::SchemaMismatch, text));
            }
            list.push(format!("{} {} NULL", quote(&described.name), described.ty));
            columns.push(TargetColumn::of(field, &described)?);
        }
        Ok(Self {
            name,
            create: Some(list.join(", ")),
            columns,
            keys: Vec::new(),
            identity: false,
        })
    }

    /// The columns that rows are found by: those that were named, or the primary key.
    async fn upsert_keys(&self, session: &mut Session, asked: &[String]) -> Result<Vec<String>, Fault> {
        let keys = match (asked.is_empty(), &self.create) {
            (false, _) => asked.to_vec(),
            (true, Some(_)) => Vec::new(),
            (true, None) => primary_key(session, &self.name.quoted()).await?,
        };
        if keys.is_empty() {
            let text = format!(
                "{} has no primary key that an upsert could find rows by: name upsertSettings.keys",
                self.name
            );
            return Err(Fault::new(Code::PropertyMissing, text));
        }
        let own = |key: &String| {
            let folded = key.to_lowercase();
            let found = self.columns.iter().find(|column| column.name.to_lowercase() == folded);
            found.map(|column| column.name.clone()).ok_or_else(|| {
                let text = format!("the upsert's key {key:?} is not among the columns that are written");
                Fault::new(Code::SchemaMismatch, text)
            })
        };
        let keys: Vec<String> = keys.iter().map(own).collect::<Result<_, _>>()?;
        if let Some(column) = self
            .columns
            .iter()
            .find(|column| column.identity && !keys.contains(&column.name))
        {
            let text = format!(
                "column {:?} of {} is an identity column, which an upsert cannot replace: leave it out by a mapping, or make it the key",
                column.name, self.name
            );
            return Err(Fault::new(Code::SchemaMismatch, text));
        }
        Ok(keys)
    }

    /// The condition that a row of the target, `t`, and a staged one, `s`, have the same key.
    pub(crate) fn same_key(&self) -> String {
        let keys = self.columns.iter().filter(|column| self.keys.contains(&column.name));
        let same = keys.map(|column| {
            let name = quote(&column.name);
            format!("t.{name} = {}", column.form.as_key(format!("s.{name}")))
        });
        same.collect::<Vec<_>>().join(" AND ")
    }

    /// The names of the written columns, quoted, for SQL.
    pub(crate) fn list(&self) -> String {
        let names = self.columns.iter().map(|column| quote(&column.name));
        names.collect::<Vec<_>>().join(", ")
    }

    /// The declarations of the staging table's columns.
    pub(crate) fn staging(&self) -> String {
        let column = |column: &TargetColumn| {
            let ty = column.form.staged(column.collation.as_deref());
            format!("{} {ty} NULL", quote(&column.name))
        };
        self.columns.iter().map(column).collect::<Vec<_>>().join(", ")
    }

    /// Expressions for SQL that print the written columns.
    pub(crate) fn printed(&self) -> String {
        let column = |column: &TargetColumn| {
            let name = quote(&column.name);
            match column.form {
                Form::Bytes { .. } => format!("CONVERT(nvarchar(max), {name}, 1) AS {name}"),
                _ => format!("CAST({name} AS nvarchar(max)) AS {name}"),
            }
        };
        self.columns.iter().map(column).collect::<Vec<_>>().join(", ")
    }

    /// The schema in which staged rows are read back.
    pub(crate) fn read_back(&self, written: &SchemaRef) -> SchemaRef {
        let fields = self
            .columns
            .iter()
            .zip(written.fields())
            .map(|(column, field)| Field::new(field.name(), form::read_back(column.form, field.data_type()), true));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }
}

impl TargetColumn {
    fn of(field: &Field, described: &Described) -> Result<Self, Fault> {
        Ok(Self {
            source: field.name().clone(),
            name: described.name.clone(),
            form: Form::of(field, described)?,
            // An identity column has no NULL either.
            nullable: described.nullable && !described.identity,
            identity: described.identity,
            collation: described
                .collation
                .clone()
                .filter(|name| described.ty.is_text() && is_name(name)),
        })
    }
}

/// Collations are words; nothing else goes into a statement as one.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The columns that an empty source without columns of its own stands for: those of the table that take texts. No row comes.
fn stand_in(name: &TableName, there: &[Described], schema: &Schema) -> Result<Option<Schema>, Fault> {
    if !schema.fields().is_empty() {
        return Ok(None);
    }
    let fields = there.iter().filter(|column| !column.computed).filter_map(|column| {
        let field = Field::new(&column.name, DataType::Utf8, true);
        TargetColumn::of(&field, column).is_ok().then_some(field)
    });
    let fields: Vec<Field> = fields.collect();
    match fields.is_empty() {
        true => Err(columnless(format_args!("no column of {name} takes texts"))),
        false => Ok(Some(Schema::new(fields))),
    }
}

/// The target's column for one of the source: of the same name, or of the only name that differs in case.
fn find<'a>(field: &Field, there: &'a [Described], table: &TableName) -> Result<&'a Described, Fault> {
    let name = field.name();
    if let Some(found) = there.iter().find(|column| column.name == *name) {
        return Ok(found);
    }
    let folded = name.to_lowercase();
    let mut alike = there.iter().filter(|column| column.name.to_lowercase() == folded);
    match (alike.next(), alike.next()) {
        (Some(found), None) => Ok(found),
        (None, _) => {
            let text = format!("{table} has no column {name:?}, which the source has");
            Err(Fault::new(Code::SchemaMismatch, text))
        }
        (Some(_), Some(_)) => {
            let text = format!("{table} has several columns that differ from {name:?} in case only");
            Err(Fault::new(Code::SchemaMismatch, text))
        }
    }
}

async fn default_schema(session: &mut Session) -> Result<String, Fault> {
    const DOING: &str = "looking up the login's schema";
    let rows = session.rows(DOING, "SELECT SCHEMA_NAME()").await?;
    let name = rows
        .first()
        .map(|row| value::<&str>(row, 0, DOING))
        .transpose()?
        .flatten();
    Ok(name.unwrap_or("dbo").to_owned())
}
