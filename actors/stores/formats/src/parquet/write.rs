//! Writing Parquet: row groups bounded by bytes, one footer, the Arrow schema with its field metadata inside.

use super::{damaged, footer, types};
use crate::bytes::ByteReader;
use crate::encode::{Encoder, WriteFormat};
use crate::fault;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::WriterProperties;
use sluice_contract::Fault;
use sluice_contract::document::text;
use sluice_store_core::SinkRequest;
use std::io::Write;
use std::sync::Arc;

/// A row group is ended when what it holds in memory reaches this.
const ROW_GROUP_BYTES: usize = 64 << 20;
/// Or this many rows.
const ROW_GROUP_ROWS: usize = 1 << 20;

/// Parquet with its options.
pub(crate) struct ParquetFormat {
    compression: Compression,
    row_group_bytes: usize,
}

impl ParquetFormat {
    pub(crate) fn new(request: &SinkRequest) -> Result<Self, Fault> {
        Ok(Self {
            compression: compression(text(&request.dataset, "compressionCodec").unwrap_or("snappy"))?,
            row_group_bytes: ROW_GROUP_BYTES,
        })
    }

    #[cfg(test)]
    pub(super) fn with_row_groups_of(mut self, bytes: usize) -> Self {
        self.row_group_bytes = bytes;
        self
    }
}

fn compression(codec: &str) -> Result<Compression, Fault> {
    match codec.to_ascii_lowercase().as_str() {
        "none" | "uncompressed" => Ok(Compression::UNCOMPRESSED),
        "" | "snappy" => Ok(Compression::SNAPPY),
        "gzip" => Ok(Compression::GZIP(GzipLevel::default())),
        "zstd" | "zstandard" => Ok(Compression::ZSTD(ZstdLevel::default())),
        _ => Err(fault::property(format!(
            "`compressionCodec` {codec:?} is not served; use none, snappy, gzip or zstd"
        ))),
    }
}

#[async_trait]
impl WriteFormat for ParquetFormat {
    fn extension(&self) -> &'static str {
        ".parquet"
    }

    fn check(&self, schema: &SchemaRef) -> Result<(), Fault> {
        types::check(schema)?;
        // What the list above does not know, the encoder refuses here.
        ArrowWriter::try_new(std::io::sink(), Arc::clone(schema), None)
            .map(drop)
            .map_err(|error| Fault::new(sluice_contract::Code::TypeUnsupported, format!("Parquet: {error}")))
    }

    fn encoder(&self, schema: &SchemaRef, out: Box<dyn Write + Send>) -> Result<Box<dyn Encoder>, Fault> {
        let properties = WriterProperties::builder()
            .set_compression(self.compression)
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_max_row_group_bytes(Some(self.row_group_bytes))
            .set_created_by(concat!("sluice ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer = ArrowWriter::try_new(out, Arc::clone(schema), Some(properties)).map_err(failed)?;
        Ok(Box::new(ParquetEncoder {
            schema: Arc::clone(schema),
            writer,
        }))
    }

    async fn count(&self, file: Arc<dyn ByteReader>) -> Result<u64, Fault> {
        let label = file.label().to_owned();
        let footer = footer::load(file).await?;
        u64::try_from(footer.metadata().file_metadata().num_rows())
            .map_err(|_| fault::data(&label, "its footer counts less than no rows"))
    }

    async fn peek(&self, file: Arc<dyn ByteReader>) -> Result<Option<u64>, Fault> {
        self.count(file).await.map(Some)
    }
}

struct ParquetEncoder {
    schema: SchemaRef,
    writer: ArrowWriter<Box<dyn Write + Send>>,
}

impl Encoder for ParquetEncoder {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Fault> {
        if batch.schema_ref() != &self.schema {
            // The same columns under other metadata are the same data.
            let columns = batch.columns().to_vec();
            let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)
                .map_err(|error| fault::mismatch(format!("a batch does not fit the prepared columns: {error}")))?;
            return self.writer.write(&batch).map_err(failed);
        }
        self.writer.write(batch).map_err(failed)
    }

    fn finish(self: Box<Self>) -> Result<u64, Fault> {
        let footer = self.writer.close().map_err(failed)?;
        u64::try_from(footer.file_metadata().num_rows()).map_err(fault::internal)
    }
}

fn failed(error: parquet::errors::ParquetError) -> Fault {
    match damaged("Parquet", &error) {
        fault if fault.code == sluice_contract::Code::DataInvalid => {
            fault::internal(format!("the Parquet encoder failed: {error}"))
        }
        fault => fault,
    }
}
