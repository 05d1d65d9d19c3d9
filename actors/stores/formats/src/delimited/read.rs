//! Reading delimited text files. Only from a file's beginning can be told what is quoted.

use super::dialect::Dialect;
use super::headed;
use super::parse::Record;
use super::records::{Found, Records};
use crate::codec::{Compression, Input};
use crate::format::ReadFormat;
use crate::rows::Rows;
use crate::text::batch::Batch;
use crate::text::header;
use arrow::datatypes::SchemaRef;
use sluice_contract::Fault;
use sluice_store_core::SourceRequest;

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

    /// Those that were written in a dialect.
    pub(super) fn of(dialect: &Dialect) -> Self {
        Self {
            dialect: dialect.clone(),
        }
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
        header::one_schema(&files, &self.dialect.columns, self.dialect.header)
    }

    fn rows(&self, input: Input<'_>, schema: &SchemaRef, rows: &Rows<'_>) -> Result<bool, Fault> {
        let dialect = &self.dialect;
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
            if found == Found::End || batch.is_full(rows.batch_bytes) {
                if !batch.is_empty() && !rows.push(batch.finish().map_err(|error| records.fault(error))?) {
                    return Ok(false);
                }
                if found == Found::End {
                    return Ok(true);
                }
            }
            let why = match found {
                Found::Wrong(why) => why.to_owned(),
                // An empty line is no row of several columns; of one column it is a NULL.
                _ if batch.width() > 1 && record.is_blank() => continue,
                _ if record.len() != batch.width() => {
                    format!("{} columns, where there are {}", record.len(), batch.width())
                }
                _ => {
                    let input = records.bytes();
                    let field = |index| match record.field(input, index) {
                        (text, false) if text == dialect.null => None,
                        (text, _) => Some(text),
                    };
                    match batch.append((0..record.len()).map(field), records.checked()) {
                        Ok(()) => continue,
                        Err(why) => why,
                    }
                }
            };
            let place = format!("{}, {}", records.label(), records.place());
            rows.reject(place, || records.raw(), records.fault(why))?;
        }
    }
}
