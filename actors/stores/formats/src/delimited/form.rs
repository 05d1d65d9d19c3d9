//! A dialect as a form of lines, for sources that make them themselves.

use super::dialect::Dialect;
use super::lines::put_value;
use crate::charset::Charset;
use crate::text::{cell, time};
use arrow::datatypes::TimeUnit;
use sluice_store_core::{Bare, LineForm};
use std::sync::Arc;

/// A dialect in which every text can be written, whatever stands before it.
pub(super) struct DialectLines {
    dialect: Arc<Dialect>,
}

impl DialectLines {
    /// None for a dialect that refuses some texts, or whose lines are not the bytes of the file.
    pub(super) fn of(dialect: &Arc<Dialect>) -> Option<Arc<dyn LineForm>> {
        let utf8 = matches!(dialect.charset, Charset::Utf8 { .. });
        (utf8 && dialect.quote.is_some()).then(|| {
            Arc::new(Self {
                dialect: Arc::clone(dialect),
            }) as Arc<dyn LineForm>
        })
    }
}

impl LineForm for DialectLines {
    fn delimiter(&self) -> &[u8] {
        &self.dialect.delimiter
    }

    fn row_end(&self) -> &[u8] {
        self.dialect.row_end_to_write()
    }

    fn null(&self) -> &[u8] {
        &self.dialect.null
    }

    fn marks(&self) -> &[bool; 256] {
        &self.dialect.marks
    }

    fn quotes_all(&self) -> bool {
        self.dialect.quote_all
    }

    fn is_plain(&self) -> bool {
        self.dialect.plain
    }

    fn text(&self, text: &[u8], out: &mut Vec<u8>) {
        // With a quote there is nothing that cannot be written.
        let _ = put_value(&self.dialect, text, out, 1);
    }

    fn bare(&self, value: Bare, out: &mut Vec<u8>) {
        match value {
            Bare::Float32(value) => cell::write_float32(out, value),
            Bare::Float64(value) => cell::write_float64(out, value),
            Bare::Date(days) => time::write_date(out, days),
            Bare::Time(micros) => time::write_time(out, micros, TimeUnit::Microsecond),
            Bare::Timestamp { micros, utc } => {
                time::write_timestamp(out, micros, TimeUnit::Microsecond, utc.then_some(0));
            }
        }
    }
}
