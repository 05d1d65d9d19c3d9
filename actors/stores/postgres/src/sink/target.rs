//! The table a sink writes, and how the source's columns go into it.

use super::fit::{Fit, fit};
use crate::catalog;
use crate::describe::{Described, describe};
use crate::errors;
use crate::names::{TableName, quote, quote_all};
use crate::session::Session;
use crate::types;
use crate::wire::encode::Encoding;
use arrow::datatypes::{DataType, Field, Schema};
use sluice_contract::{Code, Fault};
use sluice_store_core::table_sink::columnless;

/// The target.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// With its schema.
    pub(crate) name: TableName,
    /// Its columns' declarations when it has to be created at the commit.
    pub(crate) create: Option<String>,
    /// In the order of the source.
    pub(crate) columns: Vec<TargetColumn>,
}

/// A column that is written.
#[derive(Clone, Debug)]
pub(crate) struct TargetColumn {
    source: String,
    name: String,
    /// An expression of the column's type, for `SELECT`.
    model: String,
    /// Its exact type.
    stored: String,
    fit: Fit,
}

impl Target {
    /// Finds the table, or plans to create it, and matches the columns.
    ///
    /// # Errors
    /// `SL6004`, `SL6007`, `SL6012`; other `SL60xx`.
    pub(crate) async fn plan(
        session: &Session,
        table: &TableName,
        create: bool,
        schema: &Schema,
    ) -> Result<Self, Fault> {
        match catalog::find(session, table).await? {
            Some(relation) => Self::existing(session, relation.name, schema).await,
            None if create && schema.fields().is_empty() => {
                Err(columnless(format_args!("{table} cannot be made without columns")))
            }
            None if create => Self::created(session, table, schema).await,
            None => Err(catalog::missing(table)),
        }
    }

    async fn existing(session: &Session, name: TableName, schema: &Schema) -> Result<Self, Fault> {
        let doing = format!("describing {name}");
        let there = describe(session, &doing, &format!("SELECT * FROM {}", name.quoted())).await?;
        let generated = generated(session, &name).await?;
        let stand_in = stand_in(&name, &there, &generated, schema)?;
        let schema = stand_in.as_ref().unwrap_or(schema);
        let mut columns: Vec<TargetColumn> = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            let found = find(field, &there, &name)?;
            if generated.contains(&found.name) {
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
            let carried = found.carried()?;
            columns.push(TargetColumn {
                source: field.name().clone(),
                name: found.name.clone(),
                model: quote(&found.name),
                fit: fit(field, &carried)?,
                stored: carried.full,
            });
        }
        Ok(Self {
            name,
            create: None,
            columns,
        })
    }

    async fn created(session: &Session, table: &TableName, schema: &Schema) -> Result<Self, Fault> {
        let name = TableName {
            schema: Some(match &table.schema {
                Some(schema) => schema.clone(),
                None => current_schema(session).await?,
            }),
            table: table.table.clone(),
        };
        let types: Vec<String> = schema
            .fields()
            .iter()
            .map(|field| types::declared(field))
            .collect::<Result<_, _>>()?;
        let declared = schema.fields().iter().zip(&types);
        let list = declared
            .clone()
            .map(|(field, ty)| format!("{} {ty}", quote(field.name())));
        let list = list.collect::<Vec<_>>().join(", ");
        let models: Vec<String> = declared.map(|(_, ty)| format!("NULL::{ty}")).collect();
        // What the server makes of the declarations decides the form in which they are written.
        let select = format!("SELECT {}", models.join(", "));
        let described = describe(session, &format!("planning {name}"), &select).await?;
        let mut columns = Vec::with_capacity(models.len());
        for ((field, model), described) in schema.fields().iter().zip(models).zip(described) {
            let carried = described.carried()?;
            columns.push(TargetColumn {
                source: field.name().clone(),
                name: field.name().clone(),
                model,
                fit: fit(field, &carried)?,
                stored: carried.full,
            });
        }
        Ok(Self {
            name,
            create: Some(list),
            columns,
        })
    }

    /// The names of the written columns, quoted, for SQL.
    pub(crate) fn list(&self) -> String {
        quote_all(self.columns.iter().map(|column| column.name.as_str()))
    }

    /// How each column is encoded.
    pub(crate) fn encodings(&self) -> Vec<Encoding> {
        let encoding = |column: &TargetColumn| Encoding {
            name: column.source.clone(),
            output: column.fit.output,
        };
        self.columns.iter().map(encoding).collect()
    }

    /// The query that the staging table is made like.
    pub(crate) fn stage_query(&self) -> String {
        let column = |column: &TargetColumn| {
            let model = match column.fit.cast {
                Some(_) => "NULL::text",
                None => &column.model,
            };
            format!("{model} AS {}", quote(&column.name))
        };
        let select = self.columns.iter().map(column).collect::<Vec<_>>().join(", ");
        match self.create {
            Some(_) => format!("SELECT {select}"),
            None => format!("SELECT {select} FROM {}", self.name.quoted()),
        }
    }

    /// The names of the written columns.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// The written column of a name: as it is in the table or in the source, or the only one that differs in case.
    ///
    /// # Errors
    /// `SL6012` when there is none.
    pub(crate) fn column(&self, name: &str) -> Result<String, Fault> {
        let folded = name.to_lowercase();
        let mut found = self
            .columns
            .iter()
            .filter(|column| column.name == name || column.source == name);
        let mut alike = self
            .columns
            .iter()
            .filter(|column| column.name.to_lowercase() == folded);
        let column = found.next().or_else(|| alike.next().filter(|_| alike.next().is_none()));
        column.map(|column| column.name.clone()).ok_or_else(|| {
            let text = format!(
                "the key {name:?} is none of the columns that are copied into {}",
                self.name
            );
            Fault::new(Code::SchemaMismatch, text)
        })
    }

    /// A staged value in the target's type, for SQL, of a column that is written.
    pub(crate) fn value(&self, of: &str, name: &str) -> String {
        let cast = self.columns.iter().find(|column| column.name == name);
        match cast.and_then(|column| column.fit.cast.as_ref()) {
            Some(ty) => format!("CAST({of}.{} AS {ty})", quote(name)),
            None => format!("{of}.{}", quote(name)),
        }
    }

    /// All staged values in the target's types, for SQL.
    pub(crate) fn select(&self, of: &str) -> String {
        let values = self.names().map(|name| self.value(of, name));
        values.collect::<Vec<_>>().join(", ")
    }

    /// Whether a column is staged as text, to be cast by the server.
    pub(crate) fn casts(&self) -> bool {
        self.columns.iter().any(|column| column.fit.cast.is_some())
    }

    /// The exact types of the staging table's columns.
    pub(crate) fn stored(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| match column.fit.cast {
            Some(_) => "text",
            None => column.stored.as_str(),
        })
    }
}

/// The columns that an empty source without columns of its own stands for: those of the table that take texts. No row comes.
fn stand_in(
    name: &TableName,
    there: &[Described],
    generated: &[String],
    schema: &Schema,
) -> Result<Option<Schema>, Fault> {
    if !schema.fields().is_empty() {
        return Ok(None);
    }
    let fields = there
        .iter()
        .filter(|column| !generated.contains(&column.name))
        .filter_map(|column| {
            let field = Field::new(&column.name, DataType::Utf8, true);
            let fits = column.carried().is_ok_and(|carried| fit(&field, &carried).is_ok());
            fits.then_some(field)
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
        (None, _) => Err(Fault::new(
            Code::SchemaMismatch,
            format!("{table} has no column {name:?}, which the source has"),
        )),
        (Some(_), Some(_)) => Err(Fault::new(
            Code::SchemaMismatch,
            format!("{table} has several columns that differ from {name:?} in case only"),
        )),
    }
}

async fn generated(session: &Session, table: &TableName) -> Result<Vec<String>, Fault> {
    const QUERY: &str = "SELECT attname::text FROM pg_attribute \
         WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attgenerated <> ''";
    let doing = format!("describing {table}");
    let failed = |error| errors::fault(&doing, &error);
    let rows = session.query(QUERY, &[&table.quoted()]).await.map_err(failed)?;
    rows.iter().map(|row| row.try_get(0).map_err(failed)).collect()
}

async fn current_schema(session: &Session) -> Result<String, Fault> {
    let failed = |error| errors::fault("looking up the current schema", &error);
    let row = session
        .query_one("SELECT current_schema()::text", &[])
        .await
        .map_err(failed)?;
    row.try_get::<_, Option<String>>(0).map_err(failed)?.ok_or_else(|| {
        let text = "the dataset names no schema, and this user's search_path has none to create a table in";
        Fault::new(Code::TableNotFound, text)
    })
}
