//! Rows as lines of text, for a source whose store makes texts of values itself and a sink of delimited text: they go from one to
//! the other without being batches on the way.

/// How a sink of delimited text writes a row: its values one behind the other with a [`delimiter`](Self::delimiter) between
/// them, and a [`row_end`](Self::row_end) behind the last.
///
/// The texts are the sink's own: whoever makes lines with it writes the bytes that the sink would write for the same values.
pub trait LineForm: Send + Sync {
    /// What stands between two values.
    fn delimiter(&self) -> &[u8];

    /// What stands behind a row.
    fn row_end(&self) -> &[u8];

    /// What stands for NULL.
    fn null(&self) -> &[u8];

    /// Bytes for which a text has to be [written](Self::text) by the form. One without any of them that is not
    /// [`null`](Self::null) and does not begin with `EF` is written as it is, unless every text is
    /// [quoted](Self::quotes_all).
    fn marks(&self) -> &[bool; 256];

    /// Whether every text is quoted.
    fn quotes_all(&self) -> bool;

    /// Whether the texts of numbers, dates and booleans are written as they are; if not, they are [texts](Self::text).
    fn is_plain(&self) -> bool;

    /// Appends a text, with quotes and escapes as it needs.
    fn text(&self, text: &[u8], out: &mut Vec<u8>);

    /// Appends the bare text of a value: no quotes, no escapes.
    fn bare(&self, value: Bare, out: &mut Vec<u8>);
}

/// A value whose text is for the sink to make.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bare {
    /// A number of single precision.
    Float32(f32),
    /// A number of double precision.
    Float64(f64),
    /// Days since 1970.
    Date(i64),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since 1970; of a moment, in UTC, or of a calendar without a zone.
    Timestamp {
        /// The microseconds.
        micros: i64,
        /// Whether it is a moment.
        utc: bool,
    },
}
