//! Writing Parquet: row groups bounded by bytes, one footer, the Arrow schema with its field metadata inside.

use super::group::{Groups, Limits};
use super::{damaged, dictionary, footer, source, types};
use crate::back::{BATCH_BYTES, same_columns};
use crate::bytes::ByteReader;
use crate::encode::{Encoder, WriteFormat};
use crate::fault;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use async_trait::async_trait;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;
use sluice_contract::Fault;
use sluice_contract::document::text;
use sluice_store_core::{ReadBack, SinkRequest};
use std::io::Write;
use std::sync::Arc;

/// A row group is ended when what it holds in memory reaches this.
const ROW_GROUP_BYTES: usize = 64 << 20;
/// It is not ended before, however little memory there is.
const LEAST_ROW_GROUP_BYTES: usize = 1 << 20;
/// Or this many rows.
const ROW_GROUP_ROWS: usize = 1 << 20;
/// Values of a column that are encoded at once.
const WRITE_BATCH: usize = 8 << 10;
/// Batches are kept as a sample up to this.
const SAMPLE_BYTES: usize = 8 << 20;

/// Parquet with its options.
pub(crate) struct ParquetFormat {
    compression: Compression,
    row_group_bytes: usize,
}

impl ParquetFormat {
    pub(crate) fn new(request: &SinkRequest) -> Result<Self, Fault> {
        Ok(Self {
            compression: compression(text(&request.dataset, "compressionCodec").unwrap_or("snappy"))?,
            row_group_bytes: match request.memory {
                0 => ROW_GROUP_BYTES,
                memory => memory.clamp(LEAST_ROW_GROUP_BYTES, ROW_GROUP_BYTES),
            },
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
        Ok(Box::new(ParquetEncoder {
            schema: Arc::clone(schema),
            compression: self.compression,
            row_group_bytes: self.row_group_bytes,
            stage: Stage::Sampling(out, Vec::new()),
        }))
    }

    async fn count(&self, file: Arc<dyn ByteReader>) -> Result<u64, Fault> {
        let label = file.label().to_owned();
        let footer = footer::load(file).await?;
        u64::try_from(footer.metadata().file_metadata().num_rows())
            .map_err(|_| fault::data(&label, "its footer counts less than no rows"))
    }

    async fn read_back(&self, file: Arc<dyn ByteReader>, schema: &SchemaRef) -> Result<ReadBack, Fault> {
        let footer = footer::load(Arc::clone(&file)).await?;
        Ok(match same_columns(footer.schema(), schema) {
            Ok(()) => ReadBack::Batches(source::whole(file, footer, BATCH_BYTES)),
            Err(why) => ReadBack::Impossible(why),
        })
    }

    async fn peek(&self, file: Arc<dyn ByteReader>) -> Result<Option<u64>, Fault> {
        self.count(file).await.map(Some)
    }
}

struct ParquetEncoder {
    schema: SchemaRef,
    compression: Compression,
    row_group_bytes: usize,
    stage: Stage,
}

enum Stage {
    /// The first batches are kept to see how their columns are best encoded.
    Sampling(Box<dyn Write + Send>, Vec<RecordBatch>),
    Writing(Box<Groups<Box<dyn Write + Send>>>),
    /// Only while it changes, or failed to.
    Ended,
}

impl ParquetEncoder {
    /// Writes the batches kept so far, and all others from now on; `more` when there may be others.
    fn start(&mut self, more: bool) -> Result<(), Fault> {
        let (out, sample) = match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Sampling(out, sample) => (out, sample),
            other => {
                self.stage = other;
                return Ok(());
            }
        };
        let limits = Limits {
            rows: ROW_GROUP_ROWS,
            bytes: self.row_group_bytes,
            dictionary: dictionary::limit(self.schema.fields().len(), self.row_group_bytes),
        };
        let repeats = self.repeats(&sample, more, limits.dictionary);
        let properties = self.properties(&repeats, limits.dictionary);
        let coded: Vec<bool> = repeats.iter().map(|repeats| *repeats == Some(true)).collect();
        let mut groups =
            Groups::new(out, &self.schema, properties, self.compression, limits, &coded).map_err(failed)?;
        for batch in sample {
            groups.write(&batch).map_err(failed)?;
        }
        self.stage = Stage::Writing(Box::new(groups));
        Ok(())
    }

    /// Of every column, whether its values repeat enough for a dictionary of so many bytes; none where the sample is too small to
    /// say.
    fn repeats(&self, sample: &[RecordBatch], more: bool, limit: usize) -> Vec<Option<bool>> {
        let (rows, bytes) = size(sample);
        if rows < dictionary::LEAST_SAMPLE {
            return vec![None; self.schema.fields().len()];
        }
        let group = match more {
            true => (self.row_group_bytes / (bytes / rows).max(1)).clamp(rows, ROW_GROUP_ROWS.max(rows)),
            false => rows,
        };
        let pays = dictionary::pays(&self.schema, sample, group, limit);
        pays.into_iter().map(Some).collect()
    }

    fn properties(&self, repeats: &[Option<bool>], limit: usize) -> WriterProperties {
        let mut properties = WriterProperties::builder()
            .set_compression(self.compression)
            .set_dictionary_page_size_limit(limit)
            .set_write_batch_size(WRITE_BATCH)
            .set_created_by(concat!("sluice ", env!("CARGO_PKG_VERSION")).to_owned());
        for (field, repeats) in self.schema.fields().iter().zip(repeats) {
            if *repeats == Some(false) {
                let path = ColumnPath::from(field.name().as_str());
                properties = properties.set_column_dictionary_enabled(path, false);
            }
        }
        properties.build()
    }
}

/// Rows and bytes of batches.
fn size(batches: &[RecordBatch]) -> (usize, usize) {
    let sizes = batches
        .iter()
        .map(|batch| (batch.num_rows(), batch.get_array_memory_size()));
    sizes.fold((0, 0), |(rows, bytes), (more, size)| (rows + more, bytes + size))
}

impl Encoder for ParquetEncoder {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), Fault> {
        let batch = if batch.schema_ref() == &self.schema {
            batch.clone()
        } else {
            // The same columns under other metadata are the same data.
            RecordBatch::try_new(Arc::clone(&self.schema), batch.columns().to_vec())
                .map_err(|error| fault::mismatch(format!("a batch does not fit the prepared columns: {error}")))?
        };
        if let Stage::Sampling(_, sample) = &mut self.stage {
            sample.push(batch);
            let (rows, bytes) = size(sample);
            return match rows >= dictionary::SAMPLE || bytes >= SAMPLE_BYTES.min(self.row_group_bytes) {
                true => self.start(true),
                false => Ok(()),
            };
        }
        match &mut self.stage {
            Stage::Writing(writer) => writer.write(&batch).map_err(failed),
            _ => Err(fault::internal("the Parquet encoder had failed already")),
        }
    }

    fn finish(mut self: Box<Self>) -> Result<u64, Fault> {
        self.start(false)?;
        let Stage::Writing(writer) = self.stage else {
            return Err(fault::internal("the Parquet encoder had failed already"));
        };
        let footer = writer.close().map_err(failed)?;
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
