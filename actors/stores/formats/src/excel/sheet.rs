//! The cells of one sheet.
//!
//! A workbook's file is in memory while it is read, and so are its texts; the cells of an `.xlsx` are not. Files above
//! [`FILE_MAX`] are refused.

use super::options::Sheet;
use super::parts;
use crate::codec::Input;
use crate::fault;
use calamine::{Data, DataRef, Reader, Xls, Xlsx};
use sluice_contract::{Code, Fault};
use std::io::{Cursor, Read};

/// A larger workbook is refused: it is held in memory.
const FILE_MAX: usize = 64 << 20;

/// A workbook.
pub(super) struct Workbook {
    label: String,
    kind: Kind,
}

enum Kind {
    Xlsx(Box<Xlsx<Cursor<Vec<u8>>>>),
    Xls(Box<Xls<Cursor<Vec<u8>>>>),
}

impl Workbook {
    /// Reads a workbook; none when the file holds nothing at all.
    pub(super) fn read(input: Input<'_>) -> Result<Option<Self>, Fault> {
        let label = input.label;
        let mut bytes = Vec::new();
        let read = input.bytes.take(FILE_MAX as u64 + 1).read_to_end(&mut bytes);
        read.map_err(|error| fault::of_io(&label, &error))?;
        if bytes.is_empty() {
            return Ok(None);
        }
        if bytes.len() > FILE_MAX {
            return Err(fault::data(
                &label,
                format!(
                    "a workbook of more than {} MiB is not read; save its sheet as CSV",
                    FILE_MAX >> 20
                ),
            ));
        }
        let damaged = |error: String| fault::data(&label, format!("not a readable workbook: {error}"));
        let kind = match bytes.starts_with(b"PK") {
            true => {
                parts::check(&label, &bytes)?;
                let workbook = Xlsx::new(Cursor::new(bytes)).map_err(|error| damaged(error.to_string()))?;
                Kind::Xlsx(Box::new(workbook))
            }
            false => {
                let workbook = Xls::new(Cursor::new(bytes)).map_err(|error| damaged(error.to_string()))?;
                Kind::Xls(Box::new(workbook))
            }
        };
        Ok(Some(Self { label, kind }))
    }

    /// The file.
    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// The sheet's name.
    ///
    /// # Errors
    /// `SL6005` when the workbook has no such sheet.
    pub(super) fn sheet(&self, sheet: &Sheet) -> Result<String, Fault> {
        let names = match &self.kind {
            Kind::Xlsx(workbook) => workbook.sheet_names(),
            Kind::Xls(workbook) => workbook.sheet_names(),
        };
        let (found, asked) = match sheet {
            Sheet::Named(name) => (names.iter().find(|found| *found == name), format!("{name:?}")),
            Sheet::Number(number) => (names.get(*number), format!("number {number}, counted from 0")),
        };
        found.cloned().ok_or_else(|| {
            Fault::new(
                Code::FileNotFound,
                format!("{} has no sheet {asked}; it has {}", self.label, names.join(", ")),
            )
        })
    }

    /// Visits a sheet's cells, row by row, until `visit` says enough.
    pub(super) fn each_cell(
        &mut self,
        sheet: &str,
        mut visit: impl FnMut(u32, u32, &DataRef<'_>) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        let label = &self.label;
        let damaged = |error: String| fault::data(label, format!("sheet {sheet:?} is not readable: {error}"));
        match &mut self.kind {
            Kind::Xlsx(workbook) => {
                let cells = workbook.worksheet_cells_reader(sheet);
                let mut cells = cells.map_err(|error| damaged(error.to_string()))?;
                while let Some(cell) = cells.next_cell().map_err(|error| damaged(error.to_string()))? {
                    let (row, column) = cell.get_position();
                    if !visit(row, column, cell.get_value())? {
                        break;
                    }
                }
            }
            Kind::Xls(workbook) => {
                let range = workbook
                    .worksheet_range(sheet)
                    .map_err(|error| damaged(error.to_string()))?;
                let (top, left) = range.start().unwrap_or_default();
                for (row, column, value) in range.used_cells() {
                    let at = |from: u32, offset: usize| from.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX));
                    if !visit(at(top, row), at(left, column), &borrowed(value))? {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}

fn borrowed(value: &Data) -> DataRef<'_> {
    match value {
        Data::Int(value) => DataRef::Int(*value),
        Data::Float(value) => DataRef::Float(*value),
        Data::String(value) => DataRef::SharedString(value),
        Data::Bool(value) => DataRef::Bool(*value),
        Data::DateTime(value) => DataRef::DateTime(*value),
        Data::DateTimeIso(value) => DataRef::DateTimeIso(value.clone()),
        Data::DurationIso(value) => DataRef::DurationIso(value.clone()),
        Data::Error(value) => DataRef::Error(value.clone()),
        Data::Empty => DataRef::Empty,
    }
}
