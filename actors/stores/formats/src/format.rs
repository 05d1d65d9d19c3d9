//! The formats. A new one is a folder with its [`Format`], and a line at the end of this file.

use crate::codec::{Compression, Input};
use crate::encode::WriteFormat;
use crate::fault;
use crate::rows::Rows;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use sluice_contract::Fault;
use sluice_store_core::files::ByteStore;
use sluice_store_core::{SinkRequest, Source, SourceRequest};
use std::sync::Arc;

/// A format: how requests become sources and writers of it.
#[async_trait]
pub(crate) trait Format: Send + Sync {
    /// The files of a request as one source; with a [`ReadFormat`], by [`rows::open`](crate::rows::open).
    async fn source(&self, store: Arc<dyn ByteStore>, request: &SourceRequest) -> Result<Box<dyn Source>, Fault>;

    /// Ready to write.
    fn write(&self, request: &SinkRequest) -> Result<Arc<dyn WriteFormat>, Fault>;
}

/// A format, ready to read files from their beginnings. All methods but `compression` run on threads that may block.
pub(crate) trait ReadFormat: Send + Sync + 'static {
    /// What the beginning of a file says about its columns.
    type Look: Send + 'static;

    /// What the files are wrapped in.
    fn compression(&self) -> &Compression;

    /// Looks at the beginning of a file; none when it holds nothing.
    fn look(&self, input: Input<'_>) -> Result<Option<Self::Look>, Fault>;

    /// The schema of all files, in their order, each with its label and how it looks.
    fn schema(&self, files: Vec<(String, Option<Self::Look>)>) -> Result<SchemaRef, Fault>;

    /// Reads a file's rows as batches of the schema. Gives false when nobody wants more.
    fn rows(&self, input: Input<'_>, schema: &SchemaRef, rows: &Rows<'_>) -> Result<bool, Fault>;
}

macro_rules! formats {
    ($($format:path, $dataset:literal $(, reads $source:literal)? $(, writes $sink:literal)?;)*) => {
        /// Dataset types of stores of files. Those of type Binary are copied past the formats.
        pub const DATASETS: &[&str] = &[$($dataset,)* "Binary"];
        /// Source types of stores of files.
        pub const SOURCES: &[&str] = &[$($($source,)?)* "BinarySource"];
        /// Sink types of stores of files.
        pub const SINKS: &[&str] = &[$($($sink,)?)* "BinarySink"];

        const FORMATS: &[(&str, &dyn Format)] = &[$(($dataset, &$format)),*];
    };
}

/// The format of a dataset type, in any case.
///
/// # Errors
/// `SL6013` when there is none.
pub(crate) fn of(dataset_kind: &str) -> Result<&'static dyn Format, Fault> {
    let found = FORMATS.iter().find(|(name, _)| name.eq_ignore_ascii_case(dataset_kind));
    found.map(|(_, format)| *format).ok_or_else(|| {
        fault::property(format!(
            "a store of files has no dataset type {dataset_kind:?}; it takes {}",
            DATASETS.join(", ")
        ))
    })
}

formats! {
    crate::parquet::Parquet, "Parquet", reads "ParquetSource", writes "ParquetSink";
    crate::delimited::DelimitedText, "DelimitedText", reads "DelimitedTextSource", writes "DelimitedTextSink";
    crate::json::Json, "Json", reads "JsonSource", writes "JsonSink";
    crate::avro::Avro, "Avro", reads "AvroSource", writes "AvroSink";
    crate::excel::Excel, "Excel", reads "ExcelSource";
}
