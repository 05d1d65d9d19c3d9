//! Places in a sheet, as `B3` and `A3:H9`.

use crate::fault;
use sluice_contract::Fault;

/// The columns that a sheet may have, and the rows.
const COLUMNS_MAX: u32 = 16_384;
const ROWS_MAX: u32 = 1_048_576;

/// Where a table stands; rows and columns from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Range {
    /// From the first cell that holds anything to the last.
    #[default]
    Whole,
    /// From a cell on to the first empty column of its row, and to the first empty row.
    From { row: u32, column: u32 },
    /// Between two corners.
    Between { first: (u32, u32), last: (u32, u32) },
}

impl Range {
    /// # Errors
    /// `SL6013`.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let wrong = || fault::property(format!("`range` {text:?} is not of the form A3 or A3:H9"));
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::Whole);
        }
        let Some((first, last)) = text.split_once(':') else {
            let (row, column) = cell(text).ok_or_else(wrong)?;
            return Ok(Self::From { row, column });
        };
        let (first, last) = (cell(first).ok_or_else(wrong)?, cell(last).ok_or_else(wrong)?);
        match first.0 <= last.0 && first.1 <= last.1 {
            true => Ok(Self::Between { first, last }),
            false => Err(wrong()),
        }
    }
}

/// Row and column of a cell such as `B3` or `$B$3`.
fn cell(text: &str) -> Option<(u32, u32)> {
    let text = text.trim().replace('$', "");
    let digits = text.find(|char: char| char.is_ascii_digit())?;
    let (letters, number) = text.split_at(digits);
    let mut column = 0u32;
    for letter in letters.bytes() {
        let value = letter.to_ascii_uppercase();
        if !value.is_ascii_uppercase() || column > COLUMNS_MAX {
            return None;
        }
        column = column * 26 + u32::from(value - b'A') + 1;
    }
    let row: u32 = number.parse().ok()?;
    let fits = (1..=COLUMNS_MAX).contains(&column) && (1..=ROWS_MAX).contains(&row);
    fits.then(|| (row - 1, column - 1))
}

/// The name of a cell.
pub(super) fn name(row: u32, column: u32) -> String {
    let (mut letters, mut rest) = (Vec::new(), column + 1);
    while rest > 0 {
        letters.push(char::from(b'A' + u8::try_from((rest - 1) % 26).unwrap_or(0)));
        rest = (rest - 1) / 26;
    }
    let letters: String = letters.into_iter().rev().collect();
    format!("{letters}{}", row + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_names() {
        for (text, place) in [
            ("A1", (0, 0)),
            ("z9", (8, 25)),
            ("AA10", (9, 26)),
            ("XFD1048576", (1_048_575, 16_383)),
        ] {
            assert_eq!(cell(text), Some(place));
            assert_eq!(name(place.0, place.1), text.to_ascii_uppercase());
        }
        for wrong in ["", "A", "1", "A0", "XFE1", "A1048577", "AAAAAAAAAAAA1", "A1B", "Ä1"] {
            assert_eq!(cell(wrong), None, "{wrong}");
        }
        let between = Range::Between {
            first: (2, 0),
            last: (8, 7),
        };
        assert_eq!(Range::parse("$A$3:H9").unwrap(), between);
        assert_eq!(Range::parse(" B2 ").unwrap(), Range::From { row: 1, column: 1 });
        assert_eq!(Range::parse("").unwrap(), Range::Whole);
        for wrong in ["H9:A3", "A:B", "1:2", "A1:B2:C3"] {
            assert!(Range::parse(wrong).is_err(), "{wrong}");
        }
    }
}
