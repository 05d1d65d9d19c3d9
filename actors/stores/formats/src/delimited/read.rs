//! Reading delimited text files. Only from a file's beginning can be told what is quoted.

use super::convert::Builder;
use super::dialect::Dialect;
use super::headed;
use super::parse::Record;
use super::records::Records;
use crate::codec::{Compression, Input};
use crate::fault;
use crate::format::ReadFormat;
use crate::rows::Rows;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
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
    fn compression(&self) -> &Compression {
        &self.dialect.compression
    }

    fn look(&self, input: Input<'_>) -> Result<Option<Schema>, Fault> {
        let names = headed::columns(input, &self.dialect)?;
        let field = |name: String| Field::new(name, DataType::Utf8, true);
        Ok(names.map(|names| Schema::new(names.into_iter().map(field).collect::<Vec<_>>())))
    }

    fn schema(&self, files: &[(String, Option<Schema>)]) -> Result<SchemaRef, Fault> {
        one_schema(files, &self.dialect)
    }

    fn rows(&self, input: Input<'_>, schema: &SchemaRef, rows: &Rows<'_>) -> Result<bool, Fault> {
        read_file(input, schema, &self.dialect, rows)
    }
}

/// The schema of all files. Files that hold nothing have no say.
fn one_schema(files: &[(String, Option<Schema>)], dialect: &Dialect) -> Result<SchemaRef, Fault> {
    let mut known: Option<(&String, Vec<String>)> = None;
    for (label, columns) in files {
        let Some(columns) = columns else { continue };
        let columns: Vec<String> = columns.fields().iter().map(|field| field.name().clone()).collect();
        match &known {
            None => known = Some((label, columns)),
            Some((first, others)) if *others != columns => {
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
        (Some((label, columns)), _, _) => headed::schema(&columns, dialect, label).map(Arc::new),
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
    if dialect.header {
        records.next(&mut record)?;
    }
    let fields = schema.fields();
    let mut builders: Vec<Builder> = fields.iter().map(|field| Builder::new(field.data_type())).collect();
    let (mut rows, mut bytes) = (0, 0);
    loop {
        let more = records.next(&mut record)?;
        if rows > 0 && (!more || rows >= BATCH_ROWS || bytes >= out.batch_bytes) {
            let columns = builders.iter_mut().map(Builder::finish).collect();
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            let batch = RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
                .map_err(|error| records.fault(error))?;
            if !out.push(batch) {
                return Ok(false);
            }
            (rows, bytes) = (0, 0);
        }
        if !more {
            return Ok(true);
        }
        if fields.len() > 1 && record.is_blank() {
            // An empty line is no row of several columns; of one column it is a NULL.
            continue;
        }
        if record.len() != fields.len() {
            return Err(records.fault(format!("{} columns, where there are {}", record.len(), fields.len())));
        }
        for (index, builder) in builders.iter_mut().enumerate() {
            let (text, quoted) = record.field(index);
            if !quoted && text == dialect.null {
                builder.append_null();
            } else if let Err(why) = builder.append(text) {
                return Err(records.fault(format!("column {:?}: {why}", fields[index].name())));
            }
        }
        rows += 1;
        bytes += record.size() + fields.len() * 8;
    }
}
