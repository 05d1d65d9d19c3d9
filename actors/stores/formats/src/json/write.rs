//! Writing JSON: a line for each row, or one array.

use super::back;
use super::read::JsonFiles;
use super::scan::{Documents, Found};
use super::value::{self, Value};
use crate::bytes::ByteReader;
use crate::charset::Charset;
use crate::codec::{self, Compression, Output};
use crate::encode::{Encoder, WriteFormat};
use crate::text::back::Plan;
use crate::{fault, rows, settings};
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use sluice_contract::Fault;
use sluice_contract::document::text;
use sluice_store_core::{ReadBack, SinkRequest};
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;
use tokio::runtime::Handle;

/// Bytes of text that are collected before they are handed on.
const TEXT_BYTES: usize = 64 << 10;

/// JSON with its options.
pub(super) struct JsonFormat {
    charset: Charset,
    compression: Compression,
    array: bool,
}

impl JsonFormat {
    pub(super) fn new(request: &SinkRequest) -> Result<Self, Fault> {
        let pattern = settings::format_settings(&request.activity).and_then(|settings| text(settings, "filePattern"));
        let array = match pattern.unwrap_or_default().to_ascii_lowercase().as_str() {
            "" | "setofobjects" => false,
            "arrayofobjects" => true,
            other => {
                return Err(fault::property(format!(
                    "`formatSettings.filePattern` {other:?} is neither setOfObjects nor arrayOfObjects"
                )));
            }
        };
        Ok(Self {
            charset: Charset::of(&request.dataset)?,
            compression: Compression::of(&request.dataset)?,
            array,
        })
    }
}

#[async_trait]
impl WriteFormat for JsonFormat {
    fn extension(&self) -> &'static str {
        ".json"
    }

    fn compression(&self) -> &Compression {
        &self.compression
    }

    fn check(&self, schema: &SchemaRef) -> Result<(), Fault> {
        value::check(schema)
    }

    fn encoder(&self, schema: &SchemaRef, out: Box<dyn Write + Send>) -> Result<Box<dyn Encoder>, Fault> {
        let mut out = codec::output(out, &self.compression)?;
        out.write_all(self.charset.mark()).map_err(ended)?;
        let mut names = Vec::new();
        for field in schema.fields() {
            let mut name = Vec::new();
            value::write_text(&mut name, field.name());
            name.push(b':');
            names.push(name);
        }
        let text = if self.array { b"[".to_vec() } else { Vec::new() };
        Ok(Box::new(JsonEncoder {
            schema: Arc::clone(schema),
            charset: self.charset.clone(),
            array: self.array,
            names,
            out,
            text,
            rows: 0,
        }))
    }

    async fn count(&self, file: Arc<dyn ByteReader>) -> Result<u64, Fault> {
        let (compression, charset, handle) = (self.compression.clone(), self.charset.clone(), Handle::current());
        let count = move || {
            let mut rows = 0;
            codec::each(file, &compression, &handle, &mut |input| {
                let mut documents = Documents::begin(input, &charset);
                loop {
                    match documents.next()? {
                        Found::Document => rows += 1,
                        Found::Wrong(why) => return Err(documents.fault(why)),
                        Found::End => return Ok(ControlFlow::Continue(())),
                    }
                }
            })?;
            Ok(rows)
        };
        tokio::task::spawn_blocking(count)
            .await
            .map_err(|ended| fault::internal(format!("the count ended: {ended}")))?
    }

    async fn read_back(&self, file: Arc<dyn ByteReader>, schema: &SchemaRef) -> Result<ReadBack, Fault> {
        Ok(match Plan::new(schema, back::nested) {
            Ok(plan) => {
                let files = JsonFiles::of(self.charset.clone(), self.compression.clone());
                ReadBack::Batches(rows::reread_text(file, files, plan))
            }
            Err(why) => ReadBack::Impossible(why),
        })
    }

    async fn peek(&self, _file: Arc<dyn ByteReader>) -> Result<Option<u64>, Fault> {
        Ok(None)
    }
}

fn ended(error: std::io::Error) -> Fault {
    fault::internal(format!("the upload ended early: {error}"))
}

struct JsonEncoder {
    schema: SchemaRef,
    charset: Charset,
    array: bool,
    /// The columns' names as JSON, with their colons.
    names: Vec<Vec<u8>>,
    out: Box<dyn Output>,
    text: Vec<u8>,
    rows: u64,
}

impl JsonEncoder {
    fn hand_on(&mut self) -> Result<(), Fault> {
        let text = std::str::from_utf8(&self.text).map_err(fault::internal)?;
        let bytes = self.charset.encode(text).map_err(|char| {
            let (name, code) = (self.charset.name(), u32::from(char));
            fault::data(
                "JSON",
                format!(
                    "the encoding {name} has no character U+{code:04X}, which stands in or before row {}",
                    self.rows
                ),
            )
        })?;
        self.out.write_all(&bytes).map_err(ended)?;
        self.text.clear();
        Ok(())
    }
}

impl Encoder for JsonEncoder {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Fault> {
        if batch.num_columns() != self.schema.fields().len() {
            return Err(fault::mismatch("a batch does not fit the prepared columns"));
        }
        let columns = self.schema.fields().iter().zip(batch.columns());
        let values: Vec<Value> = columns
            .map(|(field, array)| Value::new(field, array))
            .collect::<Result<_, _>>()?;
        for row in 0..batch.num_rows() {
            match (self.array, self.rows) {
                (false, _) => {}
                (true, 0) => self.text.push(b'\n'),
                (true, _) => self.text.extend_from_slice(b",\n"),
            }
            self.text.push(b'{');
            for (index, (name, value)) in self.names.iter().zip(&values).enumerate() {
                if index > 0 {
                    self.text.push(b',');
                }
                self.text.extend_from_slice(name);
                value.write(row, &mut self.text);
            }
            self.text.push(b'}');
            if !self.array {
                self.text.push(b'\n');
            }
            self.rows += 1;
            if self.text.len() >= TEXT_BYTES {
                self.hand_on()?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<u64, Fault> {
        if self.array {
            self.text
                .extend_from_slice(if self.rows == 0 { b"]\n" } else { b"\n]\n" });
        }
        self.hand_on()?;
        self.out.finish().map_err(ended)?;
        Ok(self.rows)
    }
}
