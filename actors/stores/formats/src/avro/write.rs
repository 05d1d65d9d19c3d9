//! Writing Avro.

use super::container::Container;
use super::read::AvroFiles;
use super::types;
use crate::back::same_columns;
use crate::bytes::ByteReader;
use crate::codec::{self, Compression, Output};
use crate::encode::{Encoder, WriteFormat};
use crate::{fault, rows, settings};
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use arrow_avro::compression::CompressionCodec;
use arrow_avro::schema::{AVRO_NAME_METADATA_KEY, AVRO_NAMESPACE_METADATA_KEY};
use arrow_avro::writer::format::AvroOcfFormat;
use arrow_avro::writer::{Writer, WriterBuilder};
use async_trait::async_trait;
use sluice_contract::document::text;
use sluice_contract::{Code, Fault};
use sluice_store_core::{ReadBack, SinkRequest};
use std::collections::HashMap;
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;
use tokio::runtime::Handle;

/// Bytes of Arrow memory that go into one block.
const BLOCK_BYTES: usize = 1 << 20;

/// Avro with its options.
pub(super) struct AvroFormat {
    compression: Compression,
    packing: Option<CompressionCodec>,
    name: String,
    namespace: Option<String>,
}

impl AvroFormat {
    pub(super) fn new(request: &SinkRequest) -> Result<Self, Fault> {
        let codec = text(&request.dataset, "avroCompressionCodec").unwrap_or_default();
        let packing = match codec.to_ascii_lowercase().as_str() {
            "" | "snappy" => Some(CompressionCodec::Snappy),
            "none" | "null" => None,
            "deflate" => Some(CompressionCodec::Deflate),
            "zstandard" | "zstd" => Some(CompressionCodec::ZStandard),
            "bzip2" => Some(CompressionCodec::Bzip2),
            _ => {
                return Err(fault::property(format!(
                    "`avroCompressionCodec` {codec:?} is not served; use none, deflate, snappy, zstandard or bzip2"
                )));
            }
        };
        let setting = |name: &str| {
            let value = settings::format_settings(&request.activity).and_then(|settings| text(settings, name));
            value.map(str::trim).filter(|value| !value.is_empty())
        };
        let named = |setting: &str, value: &str| match value.split('.').all(types::is_name) {
            true => Ok(value.to_owned()),
            false => Err(fault::property(format!(
                "`formatSettings.{setting}` {value:?} is no name in Avro"
            ))),
        };
        let name = setting("recordName").unwrap_or("row");
        if name.contains('.') {
            return Err(fault::property(
                "`formatSettings.recordName` holds a point; use `recordNamespace`",
            ));
        }
        Ok(Self {
            compression: Compression::of(&request.dataset)?,
            packing,
            name: named("recordName", name)?,
            namespace: setting("recordNamespace")
                .map(|value| named("recordNamespace", value))
                .transpose()?,
        })
    }

    fn writer<W: Write>(&self, schema: &SchemaRef, out: W) -> Result<Writer<W, AvroOcfFormat>, Fault> {
        let mut metadata = vec![(AVRO_NAME_METADATA_KEY.to_owned(), self.name.clone())];
        metadata.extend(
            self.namespace
                .clone()
                .map(|name| (AVRO_NAMESPACE_METADATA_KEY.to_owned(), name)),
        );
        let schema = types::written(schema).with_metadata(metadata.into_iter().collect::<HashMap<_, _>>());
        let builder = WriterBuilder::new(schema).with_compression(self.packing);
        let writer = builder.build::<_, AvroOcfFormat>(out);
        writer.map_err(|error| Fault::new(Code::TypeUnsupported, format!("Avro: {error}")))
    }
}

#[async_trait]
impl WriteFormat for AvroFormat {
    fn extension(&self) -> &'static str {
        ".avro"
    }

    fn compression(&self) -> &Compression {
        &self.compression
    }

    fn check(&self, schema: &SchemaRef) -> Result<(), Fault> {
        types::check(schema)?;
        // What the list does not know, the encoder refuses here.
        self.writer(schema, std::io::sink()).map(drop)
    }

    fn encoder(&self, schema: &SchemaRef, out: Box<dyn Write + Send>) -> Result<Box<dyn Encoder>, Fault> {
        let out = codec::output(out, &self.compression)?;
        Ok(Box::new(AvroEncoder {
            schema: Arc::new(types::written(schema)),
            writer: self.writer(schema, out)?,
            rows: 0,
        }))
    }

    async fn count(&self, file: Arc<dyn ByteReader>) -> Result<u64, Fault> {
        let (compression, handle) = (self.compression.clone(), Handle::current());
        let count = move || {
            let mut rows = 0;
            codec::each(file, &compression, &handle, &mut |input| {
                if let Some(mut container) = Container::begin(input)? {
                    while let Some(count) = container.skip()? {
                        rows += count;
                    }
                }
                Ok(ControlFlow::Continue(()))
            })?;
            Ok(rows)
        };
        tokio::task::spawn_blocking(count)
            .await
            .map_err(|ended| fault::internal(format!("the count ended: {ended}")))?
    }

    async fn read_back(&self, file: Arc<dyn ByteReader>, schema: &SchemaRef) -> Result<ReadBack, Fault> {
        let files = AvroFiles::of(self.compression.clone());
        let (handle, label, opened) = (Handle::current(), file.label().to_owned(), Arc::clone(&file));
        let looked = tokio::task::spawn_blocking(move || {
            let look = rows::look(opened, &files, &handle)?;
            Ok::<_, Fault>((files, look))
        });
        let looked = looked.await;
        let (files, look) =
            looked.map_err(|_| fault::data(&label, "the reader met bytes that it cannot understand"))??;
        let look = look.ok_or_else(|| fault::data(&label, "the file is empty"))?;
        Ok(match same_columns(&look, schema) {
            Ok(()) => ReadBack::Batches(rows::reread(file, files, Arc::new(look))),
            Err(why) => ReadBack::Impossible(why),
        })
    }

    async fn peek(&self, _file: Arc<dyn ByteReader>) -> Result<Option<u64>, Fault> {
        Ok(None)
    }
}

struct AvroEncoder {
    schema: SchemaRef,
    writer: Writer<Box<dyn Output>, AvroOcfFormat>,
    rows: u64,
}

impl Encoder for AvroEncoder {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Fault> {
        let columns = batch.columns().iter().zip(self.schema.fields());
        let columns = columns.map(|(array, field)| match array.data_type() == field.data_type() {
            true => Ok(Arc::clone(array)),
            false => cast(array, field.data_type()),
        });
        let columns = columns.collect::<Result<Vec<_>, _>>();
        let batch = columns
            .and_then(|columns| RecordBatch::try_new(Arc::clone(&self.schema), columns))
            .map_err(|error| fault::mismatch(format!("a batch does not fit the prepared columns: {error}")))?;
        let row = (batch.get_array_memory_size() / batch.num_rows().max(1)).max(1);
        let step = (BLOCK_BYTES / row).max(1);
        for start in (0..batch.num_rows()).step_by(step) {
            let part = batch.slice(start, step.min(batch.num_rows() - start));
            let written = self.writer.write(&part);
            written.map_err(|error| fault::internal(format!("the Avro encoder failed: {error}")))?;
            self.rows += part.num_rows() as u64;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<u64, Fault> {
        let ended = |error: String| fault::internal(format!("the upload ended early: {error}"));
        self.writer.finish().map_err(|error| ended(error.to_string()))?;
        self.writer
            .into_inner()
            .finish()
            .map_err(|error| ended(error.to_string()))?;
        Ok(self.rows)
    }
}
