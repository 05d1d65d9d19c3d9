//! From the source's batches to those that the sink gets. Columns are passed on, not copied.

use super::additional::{Additional, Content};
use super::columns::{alike, by_name, check_sink, check_source, ordered, source};
use super::converted::{asked, implied};
use super::{Ends, Mapping, Translator, malformed};
use crate::convert::{Conversion, Rules};
use crate::settings::unsupported;
use arrow::array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, StringArray};
use arrow::compute::filter;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use sluice_contract::{Code, Fault};
use sluice_store_core::Source;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What becomes of a source's columns.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    schema: SchemaRef,
    /// None when everything stays as it is.
    columns: Option<Vec<Made>>,
    /// The path of each partition's file, where a column holds it.
    files: Vec<Arc<str>>,
}

/// How a column is made.
#[derive(Clone, Debug)]
struct Made {
    origin: Origin,
    conversion: Option<Conversion>,
}

/// A batch for the sink, without the rows that do not fit.
pub(crate) struct Shaped {
    pub(crate) batch: RecordBatch,
    pub(crate) misfits: Vec<Misfit>,
}

/// A row of which a value could not be converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// Its place in the source's batch.
    pub(crate) row: usize,
    pub(crate) fault: Fault,
}

/// Where a column comes from.
#[derive(Clone, Debug)]
enum Origin {
    /// The source's column at this place.
    Source(usize),
    /// The same text in every row.
    Text(Arc<str>),
    /// The path of the partition's file.
    FilePath,
}

/// Identifies a column of a Parquet file; a column that is there twice must not have it twice.
const FIELD_ID: &str = "PARQUET:field_id";

impl Shape {
    fn unchanged(schema: SchemaRef) -> Self {
        Self {
            schema,
            columns: None,
            files: Vec::new(),
        }
    }

    /// Finds the columns.
    ///
    /// # Errors
    /// `SL6012` for a column that the source does not have, `SL4005` when two become one, `SL4009` for a conversion.
    pub(crate) fn new(
        schema: SchemaRef,
        additional: &[Additional],
        translator: &Translator,
        ends: Ends,
    ) -> Result<Self, Fault> {
        let Translator {
            mapping,
            rules,
            nested_as_text,
        } = translator;
        let rules = rules.as_ref();
        // A source without rows may say nothing of its columns. Then the mapping does, and where there is none nobody: columns
        // that are added to it are no structure.
        let unknown = schema.fields().is_empty();
        if unknown && mapping.is_none() {
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
        let mut columns = match mapping {
            Some(mapping) if unknown => foretold(mapping, &fields, &origins, ends, rules)?,
            Some(mapping) => mapped(mapping, &fields, &origins, ends, rules)?,
            None => fields.into_iter().zip(origins.into_iter().map(Made::of)).collect(),
        };
        for (field, made) in columns.iter_mut().filter(|(_, made)| made.conversion.is_none()) {
            if let Some((conversion, to)) = implied(field, ends, rules, *nested_as_text) {
                (*field, made.conversion) = (to, Some(conversion));
            }
        }
        let same = mapping.is_none() && additional.is_empty();
        if same && columns.iter().all(|(_, made)| made.conversion.is_none()) {
            return Ok(Self::unchanged(schema));
        }
        let (fields, columns): (Vec<Field>, Vec<Made>) = columns.into_iter().unzip();
        Ok(Self {
            schema: Arc::new(Schema::new(fields)),
            columns: Some(columns),
            files: Vec::new(),
        })
    }

    /// Finds the files of a source's partitions, where a column holds their paths below the dataset's folder.
    ///
    /// # Errors
    /// `SL4009` when the source reads no files.
    pub(crate) fn with_files(mut self, source: &dyn Source, folder: &str) -> Result<Self, Fault> {
        let holds = |made: &Made| matches!(made.origin, Origin::FilePath);
        if !self.columns.iter().flatten().any(holds) {
            return Ok(self);
        }
        let path = |partition| {
            let entry = source
                .file(partition)
                .ok_or_else(|| unsupported("source.additionalColumns", "`$$FILEPATH`: the source reads no files"))?;
            let below = entry.path.strip_prefix(folder).and_then(|path| path.strip_prefix('/'));
            Ok(Arc::from(below.filter(|_| !folder.is_empty()).unwrap_or(&entry.path)))
        };
        self.files = source.partitions().iter().map(path).collect::<Result<_, Fault>>()?;
        Ok(self)
    }

    /// Whether the sink gets the source's columns as they are, if under other names.
    pub(crate) fn keeps_columns(&self, source: &Schema) -> bool {
        let Some(columns) = &self.columns else { return true };
        let kept = |(place, made): (usize, &Made)| {
            made.conversion.is_none() && matches!(made.origin, Origin::Source(from) if from == place)
        };
        columns.len() == source.fields().len() && columns.iter().enumerate().all(kept)
    }

    /// The schema of the batches that the sink gets.
    pub(crate) fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// How many rows to reshape at once, so that the texts which are added stay under so many bytes.
    pub(crate) fn rows_at_once(&self, bytes: usize) -> usize {
        let added = self.columns.iter().flatten().map(|made| match &made.origin {
            Origin::Source(_) => 0,
            Origin::Text(text) => text.len() + size_of::<i32>(),
            Origin::FilePath => self.files.iter().map(|path| path.len()).max().unwrap_or_default() + size_of::<i32>(),
        });
        match added.sum() {
            0 => usize::MAX,
            added => (bytes / added).max(1),
        }
    }

    /// Reshapes a batch of the source's schema, from the partition at this place.
    ///
    /// # Errors
    /// `SL6011` when its columns hold what the schema excludes.
    pub(crate) fn apply(&self, batch: RecordBatch, partition: usize) -> Result<Shaped, Fault> {
        let Some(made) = &self.columns else {
            return Ok(Shaped {
                batch,
                misfits: Vec::new(),
            });
        };
        let mut rows = batch.num_rows();
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(made.len());
        let mut misfits: BTreeMap<usize, Fault> = BTreeMap::new();
        for (place, made) in made.iter().enumerate() {
            let column: ArrayRef = match &made.origin {
                Origin::Source(index) => batch.columns().get(*index).cloned().ok_or_else(|| {
                    let text = "a row came from a source that was empty and said nothing of its columns";
                    Fault::new(Code::DataInvalid, text)
                })?,
                Origin::Text(text) => repeated(text, rows),
                Origin::FilePath => repeated(self.files.get(partition).map_or("", |path| path), rows),
            };
            let Some(conversion) = &made.conversion else {
                columns.push(column);
                continue;
            };
            let converted = conversion.apply(&column)?;
            for row in converted.bad {
                // The first column that does not fit is told.
                misfits.entry(row).or_insert_with(|| misfit(self.schema.field(place)));
            }
            columns.push(converted.column);
        }
        if !misfits.is_empty() {
            let fits: BooleanArray = (0..rows).map(|row| Some(!misfits.contains_key(&row))).collect();
            rows -= misfits.len();
            let kept = |column: &ArrayRef| filter(column, &fits).map_err(|error| wrong(&error));
            columns = columns.iter().map(kept).collect::<Result<_, _>>()?;
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let batch = RecordBatch::try_new_with_options(self.schema.clone(), columns, &options);
        Ok(Shaped {
            batch: batch.map_err(|error| wrong(&error))?,
            misfits: misfits.into_iter().map(|(row, fault)| Misfit { row, fault }).collect(),
        })
    }
}

impl Made {
    fn of(origin: Origin) -> Self {
        Self {
            origin,
            conversion: None,
        }
    }
}

fn repeated(text: &str, rows: usize) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(std::iter::repeat_n(text, rows)))
}

fn wrong(error: &arrow::error::ArrowError) -> Fault {
    Fault::new(Code::DataInvalid, error.to_string())
}

/// The value itself stays out: a fault goes where the data may not go.
fn misfit(field: &Field) -> Fault {
    let text = format!(
        "column {:?} contains a value that cannot be converted to {} without loss",
        field.name(),
        field.data_type()
    );
    Fault::new(Code::DataInvalid, text)
}

/// A column of `additionalColumns`.
fn extra(column: &Additional, schema: &Schema, place: &str) -> Result<(Field, Origin), Fault> {
    match &column.value {
        Content::Text(text) => Ok((
            Field::new(&column.name, DataType::Utf8, false),
            Origin::Text(text.as_str().into()),
        )),
        Content::FilePath => Ok((Field::new(&column.name, DataType::Utf8, false), Origin::FilePath)),
        Content::Column(name) => {
            let names = schema.fields().iter().map(|field| field.name().as_str());
            if schema.fields().is_empty() {
                return Ok((Field::new(&column.name, DataType::Utf8, true), Origin::Source(0)));
            }
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
    rules: Option<&Rules>,
) -> Result<Vec<(Field, Made)>, Fault> {
    let mut columns = Vec::new();
    for (pair, name) in ordered(mapping, ends)? {
        let index = source(&pair.source, fields, ends)?;
        let (field, mut made) = (&fields[index], Made::of(origins[index].clone()));
        let to = match rules {
            Some(rules) => asked(pair, field, ends, rules)?,
            None => {
                check_source(&pair.source, field)?;
                check_sink(&pair.sink, field, ends)?;
                None
            }
        };
        columns.push((settled(field, &name, to, &mut made), made));
    }
    Ok(columns)
}

/// The columns that a mapping makes of an empty source that says nothing of its own: texts, or what they are converted to. There
/// are no values that could be of another type.
fn foretold(
    mapping: &Mapping,
    fields: &[Field],
    origins: &[Origin],
    ends: Ends,
    rules: Option<&Rules>,
) -> Result<Vec<(Field, Made)>, Fault> {
    let mut columns = Vec::new();
    for (place, (pair, name)) in ordered(mapping, ends)?.into_iter().enumerate() {
        let added = pair
            .source
            .name
            .as_ref()
            .and_then(|name| fields.iter().position(|field| alike(field.name(), name)));
        let (field, origin) = match added {
            Some(index) => (fields[index].clone(), origins[index].clone()),
            None => (Field::new(&name, DataType::Utf8, true), Origin::Source(place)),
        };
        let mut made = Made::of(origin);
        let to = rules
            .map(|rules| asked(pair, &field, ends, rules))
            .transpose()?
            .flatten();
        columns.push((settled(&field, &name, to, &mut made), made));
    }
    Ok(columns)
}

/// The column that comes of it: the source's, or what its values are converted to.
fn settled(field: &Field, name: &str, to: Option<(Conversion, Field)>, made: &mut Made) -> Field {
    match to {
        None => renamed(field, name),
        Some((conversion, to)) => {
            made.conversion = Some(conversion);
            renamed(&to, name)
        }
    }
}

fn renamed(field: &Field, name: &str) -> Field {
    let mut field = field.clone().with_name(name);
    field.metadata_mut().remove(FIELD_ID);
    field
}
