//! Reading Avro, block by block.

use super::container::Container;
use crate::codec::{Compression, Input};
use crate::fault;
use crate::format::ReadFormat;
use crate::rows::Rows;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use arrow_avro::codec::Tz;
use arrow_avro::reader::{Decoder, DecoderMode, ReaderBuilder};
use arrow_avro::schema::{AvroSchema, SchemaStore};
use sluice_contract::Fault;
use sluice_store_core::SourceRequest;
use sluice_store_core::source::ORIGINAL_TYPE;
use std::sync::Arc;

/// Rows of one batch at most.
const BATCH_ROWS: usize = 16 << 10;
/// Schemas within each other; the decoder of a deeper one would be too deep for a thread's stack.
const DEPTH_MAX: usize = 64;

/// Files of Avro.
pub(super) struct AvroFiles {
    compression: Compression,
}

impl AvroFiles {
    pub(super) fn new(request: &SourceRequest) -> Result<Self, Fault> {
        Ok(Self {
            compression: Compression::of(&request.dataset)?,
        })
    }

    /// Those that are wrapped so.
    pub(super) fn of(compression: Compression) -> Self {
        Self { compression }
    }
}

impl ReadFormat for AvroFiles {
    type Look = Schema;

    fn compression(&self) -> &Compression {
        &self.compression
    }

    fn look(&self, input: Input<'_>) -> Result<Option<Schema>, Fault> {
        let Some(container) = Container::begin(input)? else {
            return Ok(None);
        };
        Ok(Some(columns(&decoder(&container)?.schema())))
    }

    fn schema(&self, files: Vec<(String, Option<Schema>)>) -> Result<SchemaRef, Fault> {
        let mut known: Option<(String, Schema)> = None;
        for (label, schema) in &files {
            let Some(schema) = schema else { continue };
            known = Some(match known {
                None => (label.clone(), schema.clone()),
                Some((first, known)) => {
                    let both = same(&first, &known, label, schema)?;
                    (first, both)
                }
            });
        }
        match (known, files.first()) {
            (Some((_, schema)), _) => Ok(Arc::new(schema)),
            (None, Some((label, _))) => Err(fault::data(
                label,
                "the file is empty, so that its columns are not known",
            )),
            (None, None) => Err(fault::internal("a source without files")),
        }
    }

    fn rows(&self, input: Input<'_>, schema: &SchemaRef, rows: &Rows<'_>) -> Result<bool, Fault> {
        let Some(mut container) = Container::begin(input)? else {
            return Ok(true);
        };
        let mut decoder = decoder(&container)?;
        let mut bytes = 0;
        while let Some(block) = container.next()? {
            let mut data = block.data;
            for number in 1..=block.count {
                let used = decoder.decode(data);
                let used = used.map_err(|error| block.fault(format!("record {number}: {error}")))?;
                data = data.get(used..).unwrap_or_default();
                bytes += used + schema.fields().len() * 8;
                if decoder.batch_is_full() || bytes >= rows.batch_bytes {
                    bytes = 0;
                    if !push(&mut decoder, schema, rows, &|error| block.fault(error))? {
                        return Ok(false);
                    }
                }
            }
            if !data.is_empty() {
                return Err(block.fault("there are bytes behind its last record"));
            }
        }
        push(&mut decoder, schema, rows, &|error| container.fault(error))
    }
}

/// Hands on what was decoded; false when nobody wants more.
fn push(
    decoder: &mut Decoder,
    schema: &SchemaRef,
    rows: &Rows<'_>,
    failed: &dyn Fn(String) -> Fault,
) -> Result<bool, Fault> {
    let Some(batch) = decoder.flush().map_err(|error| failed(error.to_string()))? else {
        return Ok(true);
    };
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(array, field)| match array.data_type() == field.data_type() {
        true => Ok(Arc::clone(array)),
        false => cast(array, field.data_type()),
    });
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let columns = columns.collect::<Result<Vec<_>, _>>();
    let batch = columns.and_then(|columns| RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options));
    Ok(rows.push(batch.map_err(|error| failed(error.to_string()))?))
}

fn decoder(container: &Container<'_>) -> Result<Decoder, Fault> {
    let json: serde_json::Value = serde_json::from_str(&container.schema)
        .map_err(|error| container.fault(format!("its schema is not JSON: {error}")))?;
    if let Some(why) = refused(&json, &mut Vec::new(), 0) {
        return Err(container.fault(format!("its schema {why}")));
    }
    let mut store = SchemaStore::new();
    let schema = AvroSchema::new(container.schema.clone());
    let decoder = store.register(schema).and_then(|fingerprint| {
        ReaderBuilder::new()
            .with_writer_schema_store(store)
            .with_active_fingerprint(fingerprint)
            .with_decoder_mode(DecoderMode::UnframedDatum)
            .with_batch_size(BATCH_ROWS)
            .with_tz(Tz::Utc)
            .build_decoder()
    });
    decoder.map_err(|error| container.fault(format!("its schema is not served: {error}")))
}

/// Why a schema cannot be rows of columns: it is none of a record, too deep, or a record holds itself.
fn refused(schema: &serde_json::Value, open: &mut Vec<String>, depth: usize) -> Option<String> {
    use serde_json::Value;
    if depth > DEPTH_MAX {
        return Some(format!("is more than {DEPTH_MAX} deep"));
    }
    if depth == 0 && schema.get("type").and_then(Value::as_str) != Some("record") {
        return Some("is not that of a record".to_owned());
    }
    let last = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
    match schema {
        Value::String(name) => {
            let inside = open.contains(&last(name));
            inside.then(|| format!("has a record {name:?} inside of itself"))
        }
        Value::Array(branches) => branches.iter().find_map(|branch| refused(branch, open, depth + 1)),
        Value::Object(members) => {
            let named = matches!(members.get("type").and_then(Value::as_str), Some("record" | "error"));
            let name = members.get("name").and_then(Value::as_str).filter(|_| named);
            open.extend(name.map(last));
            let mut inner = ["items", "values"].iter().filter_map(|key| members.get(*key));
            let found = inner
                .find_map(|inner| refused(inner, open, depth + 1))
                .or_else(|| match members.get("type") {
                    Some(inner @ (Value::Object(_) | Value::Array(_))) => refused(inner, open, depth + 1),
                    Some(inner @ Value::String(_)) if !named => refused(inner, open, depth + 1),
                    _ => None,
                })
                .or_else(|| {
                    let fields = members.get("fields").and_then(Value::as_array)?;
                    let mut types = fields.iter().filter_map(|field| field.get("type"));
                    types.find_map(|inner| refused(inner, open, depth + 1))
                });
            if name.is_some() {
                open.pop();
            }
            found
        }
        _ => None,
    }
}

/// The decoder's columns as sinks know them: an enumeration is a text, and a UUID says that it is one.
fn columns(schema: &Schema) -> Schema {
    let column = |field: &Arc<Field>| {
        let data_type = plain(field.data_type());
        let uuid = *field.data_type() == DataType::FixedSizeBinary(16)
            && field
                .metadata()
                .get("logicalType")
                .is_some_and(|kind| kind.trim_matches('"') == "uuid");
        let column = Field::new(field.name(), data_type, field.is_nullable());
        match uuid {
            true => column.with_metadata([(ORIGINAL_TYPE.to_owned(), "uuid".to_owned())]),
            false => column,
        }
    };
    Schema::new(schema.fields().iter().map(column).collect::<Vec<_>>())
}

/// A type without what its fields say besides, and enumerations as the texts that they are.
fn plain(data_type: &DataType) -> DataType {
    let field = |field: &Arc<Field>| Arc::new(Field::new(field.name(), plain(field.data_type()), field.is_nullable()));
    match data_type {
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        DataType::List(item) => DataType::List(field(item)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(field).collect()),
        DataType::Map(entries, sorted) => DataType::Map(field(entries), *sorted),
        other => other.clone(),
    }
}

/// The schema of two files: the same columns of the same types; a column that may be NULL in one may be in both.
fn same(first: &str, known: &Schema, label: &str, schema: &Schema) -> Result<Schema, Fault> {
    if known.fields().len() != schema.fields().len() {
        return Err(fault::mismatch(format!(
            "{first} has {} columns, and {label} has {}",
            known.fields().len(),
            schema.fields().len()
        )));
    }
    let both = known.fields().iter().zip(schema.fields()).map(|(field, other)| {
        if field.name() != other.name() || field.data_type() != other.data_type() {
            return Err(fault::mismatch(format!(
                "{first} has a column {:?} of type {}, where {label} has {:?} of type {}",
                field.name(),
                field.data_type(),
                other.name(),
                other.data_type()
            )));
        }
        let nullable = field.is_nullable() || other.is_nullable();
        Ok(field.as_ref().clone().with_nullable(nullable))
    });
    Ok(Schema::new(both.collect::<Result<Vec<_>, _>>()?))
}
