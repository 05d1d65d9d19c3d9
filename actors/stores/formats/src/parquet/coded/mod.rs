//! Columns with a dictionary, encoded here.
//!
//! What most columns with a dictionary hold are numbers that lie close together, and short texts. The library looks each value up by a
//! hash of its bytes and compares it once more for the bounds of its page; here a number is its own place in a table, and bounds are
//! those of the few values there are. What comes out are the same pages, by the library's own writer of pages, so that only codes, levels and bounds
//! are ours. Everything else, other types, nested columns, other compressions and columns without a dictionary, is the library's.

mod bounds;
mod levels;
mod numbers;
mod pack;
#[cfg(test)]
mod tests;
mod texts;
mod values;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use bounds::Bounds;
use bytes::Bytes;
use levels::Levels;
use parquet::basic::{Compression, Encoding, PageType, Type};
use parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, LevelHistogram, OffsetIndexBuilder, PageEncodingStats};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use values::{Dictionary, Slice};

/// A page ends with the slice that reaches so many rows, as the library's do.
pub(super) const PAGE_ROWS: usize = 20_000;

/// Whether a column of this type, which Parquet describes so, can be encoded here.
pub(super) fn carries(data_type: &DataType, descriptor: &ColumnDescPtr, compression: Compression) -> bool {
    values::kind(data_type) == Some(descriptor.physical_type())
        && descriptor.max_rep_level() == 0
        && descriptor.max_def_level() <= 1
        && matches!(compression, Compression::SNAPPY | Compression::UNCOMPRESSED)
}

/// The chunk of a column in a row group.
pub(super) struct CodedColumn {
    descriptor: ColumnDescPtr,
    compression: Compression,
    /// Bytes its dictionary holds at most.
    most: usize,
    dictionary: Option<Dictionary>,
    page: OpenPage,
    /// Pages that are done, as they will lie in the file, and their bytes without compression.
    pages: Vec<CompressedPage>,
    bytes: usize,
    bounds: Bounds,
    offsets: OffsetIndexBuilder,
    histogram: Option<LevelHistogram>,
    text_bytes: Option<i64>,
    snappy: snap::raw::Encoder,
    /// Reused from slice to slice, and from page to page.
    room: Vec<i64>,
    plain: Vec<u8>,
}

/// The page that is being filled.
#[derive(Default)]
struct OpenPage {
    codes: Vec<u32>,
    /// Of these, those that are kept; the others are those of a slice that may still be given up.
    kept: usize,
    levels: Levels,
}

impl CodedColumn {
    /// An empty chunk; its column is one that [`carries`] names. Its dictionary may grow to so many bytes.
    pub(super) fn new(descriptor: ColumnDescPtr, compression: Compression, most: usize) -> Self {
        let kind = descriptor.physical_type();
        Self {
            histogram: LevelHistogram::try_new(descriptor.max_def_level()),
            text_bytes: (kind == Type::BYTE_ARRAY).then_some(0),
            descriptor,
            compression,
            most,
            dictionary: None,
            page: OpenPage::default(),
            pages: Vec::new(),
            bytes: 0,
            bounds: Bounds::new(kind),
            offsets: OffsetIndexBuilder::new(),
            snappy: snap::raw::Encoder::new(),
            room: Vec::new(),
            plain: Vec::new(),
        }
    }

    /// Codes a slice of the column, of at most [`PAGE_ROWS`] rows, which counts once it is kept. False when its dictionary is full; then the slice
    /// is forgotten, and the chunk can only be closed.
    ///
    /// # Errors
    /// NULL in a column that has none; another type.
    pub(super) fn code(&mut self, array: &ArrayRef) -> Result<bool> {
        let kind = self.descriptor.physical_type();
        let slice = Slice::of(array, &mut self.room).ok_or_else(|| failed("a column of another type"))?;
        if self.descriptor.max_def_level() == 0 && slice.nulls().is_some() {
            return Err(failed("NULL in a column that is required"));
        }
        let dictionary = self.dictionary.get_or_insert_with(|| slice.dictionary(kind, self.most));
        let coded = dictionary.code(&slice, &mut self.page.codes);
        if !coded {
            self.page.codes.truncate(self.page.kept);
        }
        Ok(coded)
    }

    /// Keeps the slice that was coded last.
    ///
    /// # Errors
    /// When compression fails.
    pub(super) fn keep(&mut self, array: &ArrayRef) -> Result<()> {
        self.page.kept = self.page.codes.len();
        self.page.levels.append(array.len(), array.nulls());
        match self.page.levels.rows() >= PAGE_ROWS {
            true => self.end_page(),
            false => Ok(()),
        }
    }

    /// Whether the dictionary has used half its room.
    pub(super) fn is_half_full(&self) -> bool {
        let kind = self.descriptor.physical_type();
        self.dictionary
            .as_ref()
            .is_some_and(|dictionary| dictionary.bytes(kind) * 2 > self.most)
    }

    /// Bytes that the chunk will have in the file, about.
    pub(super) fn encoded_bytes(&self) -> usize {
        let width = self
            .dictionary
            .as_ref()
            .map_or(0, |dictionary| pack::width(dictionary.len()));
        self.bytes + self.page.codes.len() * usize::from(width) / 8
    }

    fn end_page(&mut self) -> Result<()> {
        let OpenPage {
            mut codes,
            kept,
            mut levels,
        } = std::mem::take(&mut self.page);
        codes.truncate(kept);
        let Some(dictionary) = &self.dictionary else {
            return Ok(());
        };
        let (rows, nulls) = (levels.rows(), levels.nulls());
        let text_bytes = dictionary.text_bytes(&codes);
        let mut histogram = LevelHistogram::try_new(self.descriptor.max_def_level());
        self.plain.clear();
        if let (Some(page), Some(chunk)) = (&mut histogram, &mut self.histogram) {
            page.increment_by(0, nulls as i64);
            page.increment_by(1, (rows - nulls) as i64);
            chunk.add(page);
            levels.write(&mut self.plain);
        }
        let width = pack::width(dictionary.len());
        self.plain.push(width);
        pack::pack(&codes, width, &mut self.plain);
        self.bounds.page(dictionary.bounds(&codes), nulls, &histogram);
        self.offsets.append_row_count(rows as i64);
        self.offsets.append_unencoded_byte_array_data_bytes(text_bytes);
        self.text_bytes = self.text_bytes.zip(text_bytes).map(|(all, more)| all + more);
        let page = Page::DataPage {
            buf: self.compressed()?,
            num_values: u32::try_from(rows).map_err(|_| failed("too many rows in a page"))?,
            encoding: Encoding::RLE_DICTIONARY,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let page = CompressedPage::new(page, self.plain.len());
        self.bytes += page.compressed_size();
        self.pages.push(page);
        // Their room is good for the next page.
        codes.clear();
        self.page.codes = codes;
        Ok(())
    }

    /// What lies in `plain`, compressed.
    fn compressed(&mut self) -> Result<Bytes> {
        if self.compression == Compression::UNCOMPRESSED {
            return Ok(Bytes::copy_from_slice(&self.plain));
        }
        let compressed = self.snappy.compress_vec(&self.plain);
        compressed
            .map(|mut bytes| {
                bytes.shrink_to_fit();
                bytes.into()
            })
            .map_err(|error| ParquetError::External(Box::new(error)))
    }

    /// The chunk's bytes, its dictionary first, and what the file's footer says of it.
    ///
    /// # Errors
    /// The library's, which writes the pages.
    pub(super) fn close(mut self) -> Result<(Bytes, ColumnCloseResult)> {
        if self.page.levels.rows() > 0 {
            self.end_page()?;
        }
        let kind = self.descriptor.physical_type();
        self.plain.clear();
        if let Some(dictionary) = &self.dictionary {
            dictionary.write(kind, &mut self.plain);
        }
        let dictionary = Page::DictionaryPage {
            buf: self.compressed()?,
            num_values: self.dictionary.as_ref().map_or(0, Dictionary::len) as u32,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        let dictionary = CompressedPage::new(dictionary, self.plain.len());
        let count = self.pages.len();
        let mut out = TrackedWrite::new(Vec::with_capacity(self.bytes + self.plain.len() + 64 * (count + 1)));
        let mut chunk = Totals::default();
        let mut pages = SerializedPageWriter::new(&mut out);
        chunk.add(&pages.write_page(dictionary)?);
        for page in self.pages.drain(..) {
            let written = pages.write_page(page)?;
            // Both are below 2 GiB: a page is some thousand rows.
            self.offsets
                .append_offset_and_size(written.offset as i64, written.compressed_size as i32);
            chunk.add(&written);
        }
        let of = |page_type, encoding, count: usize| PageEncodingStats {
            page_type,
            encoding,
            count: count as i32,
        };
        let metadata = ColumnChunkMetaData::builder(self.descriptor)
            .set_compression(self.compression)
            .set_encodings(vec![Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY])
            .set_page_encoding_stats(vec![
                of(PageType::DICTIONARY_PAGE, Encoding::PLAIN, 1),
                of(PageType::DATA_PAGE, Encoding::RLE_DICTIONARY, count),
            ])
            .set_total_compressed_size(chunk.compressed as i64)
            .set_total_uncompressed_size(chunk.plain as i64)
            .set_num_values(chunk.rows as i64)
            .set_dictionary_page_offset(Some(0))
            .set_data_page_offset(chunk.first_data as i64)
            .set_statistics(self.bounds.statistics())
            .set_unencoded_byte_array_data_bytes(self.text_bytes)
            .set_definition_level_histogram(self.histogram)
            .build()?;
        let bytes: Bytes = out.into_inner()?.into();
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: chunk.rows,
            metadata,
            bloom_filter: None,
            column_index: self.bounds.index()?,
            offset_index: Some(self.offsets.build()),
        };
        Ok((bytes, close))
    }
}

/// What the pages of a chunk add up to.
#[derive(Default)]
struct Totals {
    compressed: usize,
    plain: usize,
    rows: u64,
    /// Where the first page of data begins.
    first_data: u64,
}

impl Totals {
    fn add(&mut self, page: &PageWriteSpec) {
        self.compressed += page.compressed_size;
        self.plain += page.uncompressed_size;
        if page.page_type == PageType::DICTIONARY_PAGE {
            self.first_data = page.bytes_written;
        } else {
            self.rows += u64::from(page.num_values);
        }
    }
}

fn failed(what: &str) -> ParquetError {
    ParquetError::General(what.to_owned())
}
