//! Row groups: each column's chunk by whoever encodes it, one behind the other in the file.

use super::coded::{self, CodedColumn, PAGE_ROWS};
use arrow::array::ArrayRef;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::basic::Compression;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::ParquetMetaData;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use std::io::Write;
use std::sync::Arc;

/// When a row group ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Rows it has at most.
    pub(super) rows: usize,
    /// And bytes, about.
    pub(super) bytes: usize,
    /// Bytes that each dictionary encoded here may have.
    pub(super) dictionary: usize,
}

/// Writes a file, group by group.
pub(super) struct Groups<W: Write + Send> {
    file: SerializedFileWriter<W>,
    factory: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    compression: Compression,
    limits: Limits,
    /// Which columns are encoded here.
    coded: Vec<bool>,
    group: Option<Group>,
}

/// The row group that is being filled.
struct Group {
    rows: usize,
    columns: Vec<Column>,
}

enum Column {
    Coded(Box<CodedColumn>),
    /// The leaves of a column.
    Library(Vec<ArrowColumnWriter>),
}

impl<W: Write + Send> Groups<W> {
    /// Starts a file. Columns of which `repeats` says so, and which can be, are encoded here.
    ///
    /// # Errors
    /// The library's.
    pub(super) fn new(
        out: W,
        schema: &SchemaRef,
        properties: WriterProperties,
        compression: Compression,
        limits: Limits,
        repeats: &[bool],
    ) -> Result<Self> {
        let writer = ArrowWriter::try_new(out, Arc::clone(schema), Some(properties))?;
        let (file, factory) = writer.into_serialized_writer()?;
        let roots = roots(&file);
        let leaves = file.schema_descr().columns();
        let coded = |(index, field): (usize, &arrow::datatypes::FieldRef)| {
            let mut own = roots.iter().zip(leaves).filter(|(root, _)| **root == index);
            let repeats = repeats.get(index).copied().unwrap_or(false);
            match (own.next(), own.next()) {
                (Some((_, leaf)), None) => repeats && coded::carries(field.data_type(), leaf, compression),
                _ => false,
            }
        };
        let coded = schema.fields().iter().enumerate().map(coded).collect();
        Ok(Self {
            schema: Arc::clone(schema),
            compression,
            limits,
            coded,
            group: None,
            factory,
            file,
        })
    }

    /// Writes rows; ends the row group where it has enough.
    ///
    /// # Errors
    /// The library's, that of `out` among them.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let mut from = 0;
        while from < batch.num_rows() {
            let room = match &self.group {
                Some(group) => group.room(self.limits),
                None => self.limits.rows.max(1),
            };
            if room == 0 {
                self.flush()?;
                continue;
            }
            let rows = room.min(PAGE_ROWS).min(batch.num_rows() - from);
            self.put(&batch.slice(from, rows))?;
            from += rows;
        }
        Ok(())
    }

    /// Writes rows into the open group.
    fn put(&mut self, slice: &RecordBatch) -> Result<()> {
        let full = self.open()?.code(slice)?;
        if full.iter().any(|full| *full) {
            // A column that does not repeat as its first rows did ends the group, and goes on without a dictionary of ours; so do those that
            // are on their way there.
            for (coded, full) in self.coded.iter_mut().zip(full) {
                *coded &= !full;
            }
            self.flush()?;
            return self.put(slice);
        }
        let schema = Arc::clone(&self.schema);
        self.open()?.take(slice, &schema)
    }

    fn open(&mut self) -> Result<&mut Group> {
        let group = match self.group.take() {
            Some(group) => group,
            None => self.start()?,
        };
        Ok(self.group.insert(group))
    }

    fn start(&self) -> Result<Group> {
        let mut leaves = self
            .factory
            .create_column_writers(self.file.flushed_row_groups().len())?
            .into_iter();
        let descriptors = self.file.schema_descr().columns();
        let roots = roots(&self.file);
        let column = |(index, coded): (usize, &bool)| {
            let own: Vec<usize> = (0..roots.len()).filter(|leaf| roots[*leaf] == index).collect();
            let writers: Vec<ArrowColumnWriter> = leaves.by_ref().take(own.len()).collect();
            match (coded, own.first()) {
                (true, Some(leaf)) => {
                    let descriptor = Arc::clone(&descriptors[*leaf]);
                    Column::Coded(Box::new(CodedColumn::new(
                        descriptor,
                        self.compression,
                        self.limits.dictionary,
                    )))
                }
                _ => Column::Library(writers),
            }
        };
        Ok(Group {
            rows: 0,
            columns: self.coded.iter().enumerate().map(column).collect(),
        })
    }

    /// Ends the row group, if one is open that has rows.
    fn flush(&mut self) -> Result<()> {
        let Some(group) = self.group.take().filter(|group| group.rows > 0) else {
            return Ok(());
        };
        let mut file = self.file.next_row_group()?;
        for column in group.columns {
            match column {
                Column::Coded(column) => {
                    let (bytes, close) = column.close()?;
                    file.append_column(&bytes, close)?;
                }
                Column::Library(leaves) => {
                    for leaf in leaves {
                        leaf.close()?.append_to_row_group(&mut file)?;
                    }
                }
            }
        }
        file.close().map(drop)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// The library's.
    pub(super) fn close(mut self) -> Result<ParquetMetaData> {
        self.flush()?;
        self.file.close()
    }
}

/// Of every leaf, the column it belongs to.
fn roots<W: Write + Send>(file: &SerializedFileWriter<W>) -> Vec<usize> {
    let descriptor = file.schema_descr();
    (0..descriptor.num_columns())
        .map(|leaf| descriptor.get_column_root_idx(leaf))
        .collect()
}

impl Group {
    /// Rows that it still takes.
    fn room(&self, limits: Limits) -> usize {
        let bytes: usize = self.columns.iter().map(Column::encoded_bytes).sum();
        let rows = limits.rows.saturating_sub(self.rows);
        match (limits.bytes.saturating_sub(bytes)).checked_div(bytes / self.rows.max(1)) {
            Some(fit) => rows.min(fit),
            None if bytes >= limits.bytes => 0,
            None => rows,
        }
    }

    /// Codes the columns that are coded here; says of which of all columns the dictionary is full, or, when one is, soon will be.
    fn code(&mut self, slice: &RecordBatch) -> Result<Vec<bool>> {
        let mut full = vec![false; self.columns.len()];
        for ((column, array), full) in self.columns.iter_mut().zip(slice.columns()).zip(&mut full) {
            if let Column::Coded(column) = column {
                *full = !column.code(array)?;
            }
        }
        if full.iter().any(|full| *full) {
            for (column, full) in self.columns.iter().zip(&mut full) {
                *full |= matches!(column, Column::Coded(column) if column.is_half_full());
            }
        }
        Ok(full)
    }

    /// Takes the slice in whose columns were coded.
    fn take(&mut self, slice: &RecordBatch, schema: &SchemaRef) -> Result<()> {
        self.rows += slice.num_rows();
        let fields = schema.fields().iter().zip(slice.columns());
        for (column, (field, array)) in self.columns.iter_mut().zip(fields) {
            match column {
                Column::Coded(column) => column.keep(array)?,
                Column::Library(leaves) => write(leaves, field, array)?,
            }
        }
        Ok(())
    }
}

fn write(leaves: &mut [ArrowColumnWriter], field: &arrow::datatypes::Field, array: &ArrayRef) -> Result<()> {
    let values = compute_leaves(field, array)?;
    if values.len() != leaves.len() {
        return Err(ParquetError::General(
            "a column with other leaves than its type has".to_owned(),
        ));
    }
    leaves
        .iter_mut()
        .zip(&values)
        .try_for_each(|(leaf, values)| leaf.write(values))
}

impl Column {
    fn encoded_bytes(&self) -> usize {
        match self {
            Self::Coded(column) => column.encoded_bytes(),
            Self::Library(leaves) => leaves.iter().map(ArrowColumnWriter::get_estimated_total_bytes).sum(),
        }
    }
}
