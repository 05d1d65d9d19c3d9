//! From the source's batches to those that the sink gets. Columns are passed on, not copied.

use super::additional::{Additional, Content};
use super::columns::{alike, by_name, check_sink, ordered, source};
use super::{Ends, Mapping, malformed};
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use sluice_contract::{Code, Fault};
use std::sync::Arc;

/// What becomes of a source's columns.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    schema: SchemaRef,
    /// None when everything stays as it is.
    columns: Option<Vec<Origin>>,
}

/// Where a column comes from.
#[derive(Clone, Debug)]
enum Origin {
    /// The source's column at this place.
    Source(usize),
    /// The same text in every row.
    Text(Arc<str>),
}

/// Identifies a column of a Parquet file; a column that is there twice must not have it twice.
const FIELD_ID: &str = "PARQUET:field_id";

impl Shape {
    fn unchanged(schema: SchemaRef) -> Self {
        Self { schema, columns: None }
    }

    /// Finds the columns.
    ///
    /// # Errors
    /// `SL6012` for a column that the source does not have, `SL4005` when two become one, `SL4009` for a conversion.
    pub(crate) fn new(
        schema: SchemaRef,
        additional: &[Additional],
        mapping: Option<&Mapping>,
        ends: Ends,
    ) -> Result<Self, Fault> {
        if mapping.is_none() && additional.is_empty() {
            return Ok(Self::unchanged(schema));
        }
        let mut fields: Vec<Field> = schema.fields().iter().map(|field| field.as_ref().clone()).collect();
        let mut origins: Vec<Origin> = (0..fields.len()).map(Origin::Source).collect();
        for (i, column) in additional.iter().enumerate() {
            let place = format!("source.additionalColumns[{i}]");
            if fields.iter().any(|field| alike(field.name(), &column.name)) {
                let text = format!("`{place}`: the source has a column {:?} already", column.name);
                return Err(malformed(text));
            }
            let (field, origin) = extra(column, &schema, &place)?;
            fields.push(field);
            origins.push(origin);
        }
        if let Some(mapping) = mapping {
            (fields, origins) = mapped(mapping, &fields, &origins, ends)?;
        }
        Ok(Self {
            schema: Arc::new(Schema::new(fields)),
            columns: Some(origins),
        })
    }

    /// Whether the sink gets the source's columns as they are, if under other names.
    pub(crate) fn keeps_columns(&self, source: &Schema) -> bool {
        let Some(columns) = &self.columns else { return true };
        let kept = |(place, origin): (usize, &Origin)| matches!(origin, Origin::Source(from) if *from == place);
        columns.len() == source.fields().len() && columns.iter().enumerate().all(kept)
    }

    /// The schema of the batches that the sink gets.
    pub(crate) fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// How many rows to reshape at once, so that the texts which are added stay under so many bytes.
    pub(crate) fn rows_at_once(&self, bytes: usize) -> usize {
        let added = self.columns.iter().flatten().map(|column| match column {
            Origin::Source(_) => 0,
            Origin::Text(text) => text.len() + size_of::<i32>(),
        });
        match added.sum() {
            0 => usize::MAX,
            added => (bytes / added).max(1),
        }
    }

    /// Reshapes a batch of the source's schema.
    ///
    /// # Errors
    /// `SL6011` when its columns hold what the schema excludes.
    pub(crate) fn apply(&self, batch: RecordBatch) -> Result<RecordBatch, Fault> {
        let Some(columns) = &self.columns else {
            return Ok(batch);
        };
        let rows = batch.num_rows();
        let column = |origin: &Origin| -> ArrayRef {
            match origin {
                Origin::Source(index) => batch.column(*index).clone(),
                Origin::Text(text) => Arc::new(StringArray::from_iter_values(std::iter::repeat_n(text, rows))),
            }
        };
        let columns = columns.iter().map(column).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)
            .map_err(|error| Fault::new(Code::DataInvalid, error.to_string()))
    }
}

/// A column of `additionalColumns`.
fn extra(column: &Additional, schema: &Schema, place: &str) -> Result<(Field, Origin), Fault> {
    match &column.value {
        Content::Text(text) => Ok((
            Field::new(&column.name, DataType::Utf8, false),
            Origin::Text(text.as_str().into()),
        )),
        Content::Column(name) => {
            let names = schema.fields().iter().map(|field| field.name().as_str());
            let index = by_name(names, name, place)?;
            Ok((renamed(schema.field(index), &column.name), Origin::Source(index)))
        }
    }
}

fn mapped(
    mapping: &Mapping,
    fields: &[Field],
    origins: &[Origin],
    ends: Ends,
) -> Result<(Vec<Field>, Vec<Origin>), Fault> {
    let mut columns = Vec::new();
    for (pair, name) in ordered(mapping, ends)? {
        let index = source(&pair.source, fields, ends)?;
        check_sink(&pair.sink, &fields[index], ends)?;
        columns.push((renamed(&fields[index], &name), origins[index].clone()));
    }
    Ok(columns.into_iter().unzip())
}

fn renamed(field: &Field, name: &str) -> Field {
    let mut field = field.clone().with_name(name);
    field.metadata_mut().remove(FIELD_ID);
    field
}
