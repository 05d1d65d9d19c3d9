//! Reading delimited text files. Only from a file's beginning can be told what is quoted.

use super::dialect::Dialect;
use super::headed;
use super::parse::Record;
use super::records::{Found, Records};
use crate::codec::{Compression, Input};
use crate::fault;
use crate::format::ReadFormat;
use crate::rows::Rows;
use crate::text::convert::Column;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};
use sluice_contract::Fault;
use sluice_store_core::SourceRequest;
use std::sync::Arc;

/// Rows of one batch at most.
const BATCH_ROWS: usize = 16 << 10;

/// Files of one dialect.
pub(super) struct DelimitedFiles {
    dialect: Dialect,
}

impl DelimitedFiles {
    pub(super) fn new(request: &SourceRequest) -> Result<Self, Fault> {
        Ok(Self {
            dialect: Dialect::read(&request.dataset, &request.activity)?,
        })
    }
}

impl ReadFormat for DelimitedFiles {
    /// Its columns' names.
    type Look = Vec<String>;

    fn compression(&self) -> &Compression {
        &self.dialect.compression
    }

    fn look(&self, input: Input<'_>) -> Result<Option<Vec<String>>, Fault> {
        headed::columns(input, &self.dialect)
    }

    fn schema(&self, files: Vec<(String, Option<Vec<String>>)>) -> Result<SchemaRef, Fault> {
        one_schema(&files, &self.dialect)
    }

    fn rows(&self, input: Input<'_>, schema: &SchemaRef, rows: &Rows<'_>) -> Result<bool, Fault> {
        read_file(input, schema, &self.dialect, rows)
    }
}

/// The schema of all files. Files that hold nothing have no say.
fn one_schema(files: &[(String, Option<Vec<String>>)], dialect: &Dialect) -> Result<SchemaRef, Fault> {
    let mut known: Option<(&String, &Vec<String>)> = None;
    for (label, columns) in files {
        let Some(columns) = columns else { continue };
        match known {
            None => known = Some((label, columns)),
            Some((first, others)) if others != columns => {
                return Err(fault::mismatch(format!(
                    "{first} has the columns {}, and {label} has {}",
                    others.join(", "),
                    columns.join(", ")
                )));
            }
            Some(_) => {}
        }
    }
    match (known, headed::listed(dialect), files.first()) {
        (Some((label, columns)), _, _) => headed::schema(columns, dialect, label).map(Arc::new),
        (None, Some(listed), _) if !dialect.header => Ok(Arc::new(listed)),
        (None, _, Some((label, _))) => Err(fault::data(
            label,
            "the file is empty, so that its columns are not known; name them in the dataset's `schema`, or write a header",
        )),
        (None, _, None) => Err(fault::internal("a source without files")),
    }
}

fn read_file(input: Input<'_>, schema: &SchemaRef, dialect: &Dialect, out: &Rows<'_>) -> Result<bool, Fault> {
    let mut records = Records::begin(input, dialect)?;
    let mut record = Record::default();
    if dialect.header
        && let Found::Wrong(why) = records.next(&mut record)?
    {
        return Err(records.fault(why));
    }
    let mut batch = Batch::new(schema);
    loop {
        let found = records.next(&mut record)?;
        if found == Found::End || batch.rows >= BATCH_ROWS || batch.bytes >= out.batch_bytes {
            if batch.rows > 0 && !out.push(batch.finish().map_err(|error| records.fault(error))?) {
                return Ok(false);
            }
            if found == Found::End {
                return Ok(true);
            }
        }
        let why = match found {
            Found::Wrong(why) => why.to_owned(),
            _ if batch.columns.len() > 1 && record.is_blank() => {
                // An empty line is no row of several columns; of one column it is a NULL.
                continue;
            }
            _ => match batch.append(&records, &record, dialect) {
                Ok(()) => continue,
                Err(why) => why,
            },
        };
        let place = format!("{}, {}", records.label(), records.place());
        out.reject(place, || records.raw(), records.fault(why))?;
    }
}

/// Rows on their way into a batch.
struct Batch {
    schema: SchemaRef,
    columns: Vec<Column>,
    /// Whether a column is of texts, which are UTF-8 or refused.
    texts: Vec<bool>,
    rows: usize,
    bytes: usize,
}

impl Batch {
    fn new(schema: &SchemaRef) -> Self {
        let types = schema.fields().iter().map(|field| field.data_type());
        Self {
            schema: Arc::clone(schema),
            texts: types.clone().map(|of| *of == DataType::Utf8).collect(),
            columns: types.map(Column::new).collect(),
            rows: 0,
            bytes: 0,
        }
    }

    /// Appends a record as a row, or nothing and says why.
    fn append(&mut self, records: &Records<'_>, record: &Record, dialect: &Dialect) -> Result<(), String> {
        if record.len() != self.columns.len() {
            return Err(format!(
                "{} columns, where there are {}",
                record.len(),
                self.columns.len()
            ));
        }
        let input = records.bytes();
        for (index, column) in self.columns.iter_mut().enumerate() {
            let (text, quoted) = record.field(input, index);
            if !quoted && text == dialect.null {
                column.append_null();
                continue;
            }
            let wrong = match self.texts[index] && !records.checked() && std::str::from_utf8(text).is_err() {
                true => Err("not UTF-8"),
                false => column.append(text),
            };
            if let Err(why) = wrong {
                let name = self.schema.field(index).name();
                for column in &mut self.columns {
                    column.truncate(self.rows);
                }
                return Err(format!("column {name:?}: {why}"));
            }
        }
        self.rows += 1;
        self.bytes += record.size() + self.columns.len() * 8;
        Ok(())
    }

    fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let columns = self.columns.iter_mut().map(Column::finish).collect::<Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        (self.rows, self.bytes) = (0, 0);
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
    }
}
