//! Reading a table of a sheet.

use super::options::Options;
use super::place::{self, Range};
use super::sheet::Workbook;
use super::value;
use crate::codec::{Compression, Input};
use crate::fault;
use crate::format::ReadFormat;
use crate::rows::Rows;
use crate::text::batch::Batch;
use crate::text::header;
use arrow::datatypes::SchemaRef;
use sluice_contract::Fault;
use sluice_store_core::SourceRequest;

/// Workbooks.
pub(super) struct ExcelFiles {
    options: Options,
}

/// Where a table stands in its sheet; rows and columns from 0, the last ones included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Extent {
    top: u32,
    left: u32,
    right: u32,
    bottom: u32,
    /// Whether the table ends before the first empty row.
    closed_by_empty: bool,
}

impl Extent {
    fn width(&self) -> usize {
        (self.right - self.left) as usize + 1
    }
}

impl ExcelFiles {
    pub(super) fn new(request: &SourceRequest) -> Result<Self, Fault> {
        Ok(Self {
            options: Options::read(&request.dataset)?,
        })
    }

    /// Finds the table; none when there is no cell in it.
    fn extent(&self, workbook: &mut Workbook, sheet: &str) -> Result<Option<Extent>, Fault> {
        let (whole, from) = match self.options.range {
            Range::Whole => (true, None),
            Range::From { row, column } => (false, Some((row, column))),
            Range::Between { first, last } => {
                return Ok(Some(Extent {
                    top: first.0,
                    left: first.1,
                    right: last.1,
                    bottom: last.0,
                    closed_by_empty: false,
                }));
            }
        };
        let mut found: Option<Extent> = None;
        workbook.each_cell(sheet, |row, column, cell| {
            if matches!(cell, calamine::DataRef::Empty) {
                return Ok(true);
            }
            if let Some((top, left)) = from {
                // The first row tells how wide the table is.
                match &mut found {
                    None if (row, column) == (top, left) => {
                        found = Some(Extent {
                            top,
                            left,
                            right: left,
                            bottom: u32::MAX,
                            closed_by_empty: true,
                        });
                    }
                    Some(extent) if row == top && column == extent.right + 1 => extent.right = column,
                    _ => {}
                }
                return Ok(row <= top);
            }
            let extent = found.get_or_insert(Extent {
                top: row,
                left: column,
                right: column,
                bottom: u32::MAX,
                closed_by_empty: !whole,
            });
            extent.left = extent.left.min(column);
            extent.right = extent.right.max(column);
            Ok(true)
        })?;
        Ok(found)
    }

    /// Visits the rows of a table that hold anything, with their numbers, until `visit` says enough.
    fn each_row(
        &self,
        workbook: &mut Workbook,
        sheet: &str,
        extent: Extent,
        mut visit: impl FnMut(u32, &Row) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        let mut row = Row::new(extent.width());
        let (mut at, mut over) = (extent.top, false);
        let label = workbook.label().to_owned();
        workbook.each_cell(sheet, |number, column, cell| {
            if number < extent.top || column < extent.left || column > extent.right {
                return Ok(true);
            }
            if number < at {
                return Err(fault::data(
                    &label,
                    format!("the rows of sheet {sheet:?} are out of order"),
                ));
            }
            if number > at {
                if row.filled {
                    if !visit(at, &row)? {
                        over = true;
                        return Ok(false);
                    }
                    row.clear();
                } else if extent.closed_by_empty {
                    over = true;
                    return Ok(false);
                }
                if number > extent.bottom || (extent.closed_by_empty && number > at + 1) {
                    over = true;
                    return Ok(false);
                }
                at = number;
            }
            match value::text(cell) {
                Ok(Some(text)) => row.set((column - extent.left) as usize, &text),
                Ok(None) => {}
                Err(error) => row.fail(format!("cell {} shows the error {error}", place::name(number, column))),
            }
            Ok(true)
        })?;
        if !over && row.filled {
            visit(at, &row)?;
        }
        Ok(())
    }
}

/// The texts of a row.
struct Row {
    cells: Vec<Option<String>>,
    filled: bool,
    error: Option<String>,
}

impl Row {
    fn new(width: usize) -> Self {
        Self {
            cells: vec![None; width],
            filled: false,
            error: None,
        }
    }

    fn set(&mut self, index: usize, text: &str) {
        self.cells[index] = Some(text.to_owned());
        self.filled = true;
    }

    fn fail(&mut self, error: String) {
        self.error.get_or_insert(error);
        self.filled = true;
    }

    fn clear(&mut self) {
        self.cells.fill(None);
        self.filled = false;
        self.error = None;
    }
}

impl ReadFormat for ExcelFiles {
    /// Its columns' names.
    type Look = Vec<String>;

    fn compression(&self) -> &Compression {
        &self.options.compression
    }

    fn look(&self, input: Input<'_>) -> Result<Option<Vec<String>>, Fault> {
        let Some(mut workbook) = Workbook::read(input)? else {
            return Ok(None);
        };
        let sheet = workbook.sheet(&self.options.sheet)?;
        let Some(extent) = self.extent(&mut workbook, &sheet)? else {
            return Ok(None);
        };
        if !self.options.header {
            return Ok(Some((0..extent.width()).map(header::number).collect()));
        }
        let mut names = None;
        self.each_row(&mut workbook, &sheet, extent, |number, row| {
            if number == extent.top {
                names = Some(row.cells.clone());
            }
            Ok(false)
        })?;
        let names = names.unwrap_or_else(|| vec![None; extent.width()]);
        let names = header::names(names.into_iter().map(Option::unwrap_or_default));
        names.map(Some).map_err(|why| fault::data(workbook.label(), why))
    }

    fn schema(&self, files: Vec<(String, Option<Vec<String>>)>) -> Result<SchemaRef, Fault> {
        header::one_schema(&files, &self.options.columns, self.options.header)
    }

    fn rows(&self, input: Input<'_>, schema: &SchemaRef, rows: &Rows<'_>) -> Result<bool, Fault> {
        let Some(mut workbook) = Workbook::read(input)? else {
            return Ok(true);
        };
        let sheet = workbook.sheet(&self.options.sheet)?;
        let Some(extent) = self.extent(&mut workbook, &sheet)? else {
            return Ok(true);
        };
        let mut batch = Batch::new(schema);
        let mut wanted = true;
        let label = workbook.label().to_owned();
        let failed = |error| fault::data(&label, error);
        self.each_row(&mut workbook, &sheet, extent, |number, row| {
            if self.options.header && number == extent.top {
                return Ok(true);
            }
            let null = self.options.null.as_str();
            let fields = row
                .cells
                .iter()
                .map(|cell| cell.as_deref().filter(|text| *text != null).map(str::as_bytes));
            let appended = match &row.error {
                Some(error) => Err(error.clone()),
                None if row.cells.len() != batch.width() => Err(format!(
                    "{} columns, where there are {}",
                    row.cells.len(),
                    batch.width()
                )),
                None => batch.append(fields, true),
            };
            if let Err(why) = appended {
                let at = format!("sheet {sheet:?}, row {}", number + 1);
                let record = || {
                    let cells = row.cells.iter().map(|cell| cell.as_deref().unwrap_or_default());
                    cells.collect::<Vec<_>>().join(",")
                };
                rows.reject(
                    format!("{label}, {at}"),
                    record,
                    fault::data(&label, format!("{at}: {why}")),
                )?;
            }
            if batch.is_full(rows.batch_bytes) {
                wanted = rows.push(batch.finish().map_err(failed)?);
            }
            Ok(wanted)
        })?;
        if wanted && !batch.is_empty() {
            wanted = rows.push(batch.finish().map_err(failed)?);
        }
        Ok(wanted)
    }
}
