//! Writing delimited text.

use super::count;
use super::dialect::Dialect;
use super::form::DialectLines;
use super::lines::{Lines, put_value};
use super::read::DelimitedFiles;
use crate::bytes::ByteReader;
use crate::charset::Charset;
use crate::codec::{self, Compression, Output};
use crate::encode::{Encoder, Portions, WriteFormat};
use crate::text::back::Plan;
use crate::text::types;
use crate::{fault, rows};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use sluice_contract::Fault;
use sluice_store_core::{LineForm, ReadBack, SinkRequest};
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
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
        if self.dialect.delimiter.is_empty() && schema.fields().len() > 1 {
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
            rows: 0,
        };
        let mark = encoder.out.write_all(self.dialect.charset.mark());
        mark.map_err(|error| fault::internal(format!("the upload ended early: {error}")))?;
        if self.dialect.header {
            encoder.header()?;
        }
        Ok(Box::new(encoder))
    }

    fn portions(&self, schema: &SchemaRef) -> Option<Arc<dyn Portions>> {
        Some(Arc::new(TextPortions {
            dialect: Arc::clone(&self.dialect),
            schema: Arc::clone(schema),
            usual: AtomicUsize::new(0),
        }))
    }

    fn lines(&self, _schema: &SchemaRef) -> Option<Arc<dyn LineForm>> {
        DialectLines::of(&self.dialect)
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
    rows: u64,
}

impl TextEncoder {
    fn header(&mut self) -> Result<(), Fault> {
        let schema = Arc::clone(&self.schema);
        if schema.fields().is_empty() {
            // Of an empty source nothing is known: an empty line would be a row to whoever reads the file.
            return Ok(());
        }
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
        let text = std::mem::take(&mut self.text);
        let put = self.put(&text);
        self.text = text;
        self.text.clear();
        put
    }

    fn put(&mut self, text: &[u8]) -> Result<(), Fault> {
        let charset = &self.dialect.charset;
        let written = match charset {
            Charset::Utf8 { .. } => self.out.write_all(text),
            _ => {
                let text = std::str::from_utf8(text).map_err(fault::internal)?;
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

impl Encoder for TextEncoder {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Fault> {
        let dialect = Arc::clone(&self.dialect);
        let mut lines = Lines::new(&dialect, &self.schema, batch)?;
        for row in 0..batch.num_rows() {
            if let Err((index, why)) = lines.put(row, &mut self.text, self.rows) {
                return Err(self.wrong(index, why));
            }
            self.rows += 1;
            if self.text.len() >= TEXT_BYTES {
                self.hand_on()?;
            }
        }
        Ok(())
    }

    fn write_portion(&mut self, rows: u64, portion: &[u8]) -> Result<(), Fault> {
        self.hand_on()?;
        self.rows += rows;
        self.put(portion)
    }

    fn finish(mut self: Box<Self>) -> Result<u64, Fault> {
        self.hand_on()?;
        let ended = self.out.finish();
        ended.map_err(|error| fault::internal(format!("the upload ended early: {error}")))?;
        Ok(self.rows)
    }
}

/// Encodes batches of a file apart from one another.
struct TextPortions {
    dialect: Arc<Dialect>,
    schema: SchemaRef,
    /// Bytes of the last portion; the next is probably about as long.
    usual: AtomicUsize,
}

impl Portions for TextPortions {
    fn encode(&self, batch: &RecordBatch) -> Option<Vec<u8>> {
        let mut lines = Lines::new(&self.dialect, &self.schema, batch).ok()?;
        let usual = self.usual.load(Ordering::Relaxed);
        let mut text = Vec::with_capacity(usual + usual / 16);
        for row in 0..batch.num_rows() {
            // As if it were the file's first: where that makes a difference, the file's encoder decides.
            lines.put(row, &mut text, row as u64).ok()?;
        }
        self.usual.store(text.len(), Ordering::Relaxed);
        Some(text)
    }
}
