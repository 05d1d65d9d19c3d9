//! Writing delimited text.

use super::count;
use super::dialect::Dialect;
use super::read::DelimitedFiles;
use crate::bytes::ByteReader;
use crate::charset::Charset;
use crate::codec::{self, Compression, Output};
use crate::encode::{Encoder, WriteFormat};
use crate::text::back::Plan;
use crate::text::cell::Cells;
use crate::text::types;
use crate::{fault, rows};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use sluice_contract::Fault;
use sluice_store_core::{ReadBack, SinkRequest};
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;
use tokio::runtime::Handle;

/// Bytes of text that are collected before they are handed on.
const TEXT_BYTES: usize = 64 << 10;

/// Delimited text with its options.
pub(crate) struct DelimitedFormat {
    dialect: Arc<Dialect>,
}

impl DelimitedFormat {
    pub(crate) fn new(request: &SinkRequest) -> Result<Self, Fault> {
        let mut dialect = Dialect::read(&request.dataset, &request.activity)?;
        // It says how files are read; a written one has no lines before its header.
        dialect.skip_lines = 0;
        Ok(Self {
            dialect: Arc::new(dialect),
        })
    }
}

#[async_trait]
impl WriteFormat for DelimitedFormat {
    fn extension(&self) -> &'static str {
        ".csv"
    }

    fn check(&self, schema: &SchemaRef) -> Result<(), Fault> {
        types::check_write(schema, "delimited text")?;
        if self.dialect.delimiter.is_empty() && schema.fields().len() != 1 {
            return Err(fault::mismatch(format!(
                "without a `columnDelimiter` a row is one column, and there are {}",
                schema.fields().len()
            )));
        }
        Ok(())
    }

    fn encoder(&self, schema: &SchemaRef, out: Box<dyn Write + Send>) -> Result<Box<dyn Encoder>, Fault> {
        let mut encoder = TextEncoder {
            dialect: Arc::clone(&self.dialect),
            schema: Arc::clone(schema),
            out: codec::output(out, &self.dialect.compression)?,
            text: Vec::with_capacity(TEXT_BYTES * 2),
            value: Vec::new(),
            rows: 0,
        };
        let mark = encoder.out.write_all(self.dialect.charset.mark());
        mark.map_err(|error| fault::internal(format!("the upload ended early: {error}")))?;
        if self.dialect.header {
            encoder.header()?;
        }
        Ok(Box::new(encoder))
    }

    async fn count(&self, file: Arc<dyn ByteReader>) -> Result<u64, Fault> {
        let (dialect, handle) = (Arc::clone(&self.dialect), Handle::current());
        let count = move || {
            let mut rows = 0;
            codec::each(file, &dialect.compression, &handle, &mut |input| {
                rows += count::rows(input, &dialect)?;
                Ok(ControlFlow::Continue(()))
            })?;
            Ok(rows)
        };
        tokio::task::spawn_blocking(count)
            .await
            .map_err(|ended| fault::internal(format!("the count ended: {ended}")))?
    }

    async fn read_back(&self, file: Arc<dyn ByteReader>, schema: &SchemaRef) -> Result<ReadBack, Fault> {
        let nested = |of: &DataType| Err(format!("{of} is not read from text"));
        Ok(match Plan::new(schema, nested) {
            Ok(plan) => ReadBack::Batches(rows::reread_text(file, DelimitedFiles::of(&self.dialect), plan)),
            Err(why) => ReadBack::Impossible(why),
        })
    }

    fn compression(&self) -> &Compression {
        &self.dialect.compression
    }

    async fn peek(&self, _file: Arc<dyn ByteReader>) -> Result<Option<u64>, Fault> {
        Ok(None)
    }
}

struct TextEncoder {
    dialect: Arc<Dialect>,
    schema: SchemaRef,
    out: Box<dyn Output>,
    text: Vec<u8>,
    value: Vec<u8>,
    rows: u64,
}

impl TextEncoder {
    fn header(&mut self) -> Result<(), Fault> {
        let schema = Arc::clone(&self.schema);
        for (index, field) in schema.fields().iter().enumerate() {
            if index > 0 {
                self.text.extend_from_slice(&self.dialect.delimiter);
            }
            put_value(&self.dialect, field.name().as_bytes(), &mut self.text, self.rows)
                .map_err(|why| fault::data(field.name(), format!("the column's name: {why}")))?;
        }
        self.text.extend_from_slice(self.dialect.row_end_to_write());
        Ok(())
    }

    fn hand_on(&mut self) -> Result<(), Fault> {
        let charset = &self.dialect.charset;
        let written = match charset {
            Charset::Utf8 { .. } => self.out.write_all(&self.text),
            _ => {
                let text = std::str::from_utf8(&self.text).map_err(fault::internal)?;
                let bytes = charset.encode(text).map_err(|char| {
                    let name = charset.name();
                    let code = u32::from(char);
                    fault::data(
                        "delimited text",
                        format!(
                            "the encoding {name} has no character U+{code:04X}, which stands in or before row {}",
                            self.rows
                        ),
                    )
                })?;
                self.out.write_all(&bytes)
            }
        };
        self.text.clear();
        written.map_err(|error| fault::internal(format!("the upload ended early: {error}")))
    }

    fn wrong(&self, index: usize, why: &str) -> Fault {
        let name = self.schema.field(index).name();
        fault::data(
            "delimited text",
            format!("row {}, column {name:?}: {why}", self.rows + 1),
        )
    }
}

/// Appends `value` as a field, quoted or escaped as it needs.
fn put_value(dialect: &Dialect, value: &[u8], text: &mut Vec<u8>, rows: u64) -> Result<(), &'static str> {
    let null = value == dialect.null;
    let mark = |byte: &u8| dialect.marks[usize::from(*byte)];
    match (dialect.quote, dialect.escape) {
        (Some(quote), escape) => {
            let needs = dialect.quote_all
                || null
                || value.iter().any(mark)
                // At the beginning of a file it would be taken for a byte order mark.
                || value.starts_with("\u{feff}".as_bytes());
            if !needs {
                text.extend_from_slice(value);
                return Ok(());
            }
            text.push(quote);
            put_quoted(text, value, quote, escape.unwrap_or(quote));
            text.push(quote);
        }
        (None, _) if null => {
            return Err("a text equals `nullValue`, and without `quoteChar` it would be read as NULL");
        }
        (None, Some(escape)) => {
            if rows == 0 && text.is_empty() && value.starts_with("\u{feff}".as_bytes()) {
                return Err("the first text begins with a byte order mark, and there is no `quoteChar`");
            }
            for byte in value {
                if *byte == escape || mark(byte) {
                    text.push(escape);
                }
                text.push(*byte);
            }
        }
        (None, None) => {
            if value.iter().any(mark) {
                return Err("a text holds a delimiter, and there is neither `quoteChar` nor `escapeChar`");
            }
            text.extend_from_slice(value);
        }
    }
    Ok(())
}

/// Escapes quotes, and an escape only where it would be taken for one: before a quote, before another, and at the end.
fn put_quoted(text: &mut Vec<u8>, value: &[u8], quote: u8, escape: u8) {
    for (at, byte) in value.iter().enumerate() {
        let special = |next: Option<&u8>| next.is_none_or(|next| *next == quote || *next == escape);
        if *byte == quote || (*byte == escape && special(value.get(at + 1))) {
            text.push(escape);
        }
        text.push(*byte);
    }
}

impl Encoder for TextEncoder {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Fault> {
        if batch.num_columns() != self.schema.fields().len() {
            return Err(fault::mismatch("a batch does not fit the prepared columns"));
        }
        let cells = self.schema.fields().iter().zip(batch.columns());
        let cells: Vec<Cells> = cells
            .map(|(field, array)| Cells::new(field, array))
            .collect::<Result<_, _>>()?;
        for row in 0..batch.num_rows() {
            for (index, cells) in cells.iter().enumerate() {
                if index > 0 {
                    self.text.extend_from_slice(&self.dialect.delimiter);
                }
                if let Some(text) = cells.text(row) {
                    match text {
                        Some(text) => put_value(&self.dialect, text.as_bytes(), &mut self.text, self.rows)
                            .map_err(|why| self.wrong(index, why))?,
                        None => self.text.extend_from_slice(&self.dialect.null),
                    }
                } else if self.dialect.plain {
                    if !cells.write(row, &mut self.text) {
                        self.text.extend_from_slice(&self.dialect.null);
                    }
                } else {
                    self.value.clear();
                    match cells.write(row, &mut self.value) {
                        true => put_value(&self.dialect, &self.value, &mut self.text, self.rows)
                            .map_err(|why| self.wrong(index, why))?,
                        false => self.text.extend_from_slice(&self.dialect.null),
                    }
                }
            }
            self.text.extend_from_slice(self.dialect.row_end_to_write());
            self.rows += 1;
            if self.text.len() >= TEXT_BYTES {
                self.hand_on()?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<u64, Fault> {
        self.hand_on()?;
        let ended = self.out.finish();
        ended.map_err(|error| fault::internal(format!("the upload ended early: {error}")))?;
        Ok(self.rows)
    }
}
