//! The type contract in both directions, for the documentation.

use sluice_store_core::{Fidelity, TypeRow, TypeTable};

const fn row(store: &'static str, arrow: &'static str, fidelity: Fidelity, note: &'static str) -> TypeRow {
    TypeRow {
        store,
        arrow,
        fidelity,
        note,
    }
}

use Fidelity::{Exact, Refused, Widened};

/// From what a column is declared as; SQLite lets it hold anything else, and then the copy ends with `SL6011`.
const READS: &[TypeRow] = &[
    row(
        "`DECIMAL_TEXT(p,s)`",
        "Decimal128, Decimal256",
        Exact,
        "decimals as text: what this sink declares for decimals",
    ),
    row("contains `INT`", "Int64", Exact, ""),
    row("contains `CHAR`, `CLOB` or `TEXT`", "Utf8", Exact, ""),
    row("contains `BLOB`", "Binary", Exact, "in a query's result: surveyed"),
    row(
        "contains `REAL`, `FLOA` or `DOUB`",
        "Float64",
        Exact,
        "integers to 2^53",
    ),
    row("`BOOL`, `BOOLEAN`", "Boolean", Exact, "0 and 1"),
    row(
        "`DECIMAL(p,s)`, `NUMERIC(p,s)` with p up to 15",
        "Decimal128(p,s)",
        Exact,
        "a double keeps every decimal of fifteen digits; one with more decimals than s is refused (SL6011)",
    ),
    row(
        "anything else, such as `DATE`, `NUMERIC`, an expression, or nothing",
        "surveyed: Int64, Float64, Utf8 or Binary",
        Widened,
        "what all values are; reals among integers make them all Float64",
    ),
    row(
        "a column that is surveyed and holds several kinds",
        "",
        Refused,
        "`CAST` it in a query",
    ),
];

const WRITES: &[TypeRow] = &[
    row("`BOOLEAN`", "Boolean", Exact, "kept as 0 and 1"),
    row("`INTEGER`", "Int8 to Int64, UInt8 to UInt32", Widened, ""),
    row(
        "`INTEGER`",
        "UInt64",
        Widened,
        "values from 2^63 on are refused (SL6011)",
    ),
    row(
        "`REAL`",
        "Float16, Float32, Float64",
        Widened,
        "NaN is refused (SL6011): SQLite would make NULL of it",
    ),
    row(
        "`DECIMAL_TEXT(p,s)`",
        "Decimal128(p,s), Decimal256(p,s)",
        Exact,
        "as text, for SQLite's numbers keep fifteen digits",
    ),
    row(
        "`TEXT`",
        "Utf8, LargeUtf8, Utf8View",
        Exact,
        "what the source declared, where that says the same",
    ),
    row("`BLOB`", "Binary, LargeBinary, BinaryView, FixedSizeBinary", Exact, ""),
    row("`DATE`", "Date32, Date64", Exact, "ISO text; years 0 to 9999"),
    row("`TIME`", "Time32, Time64", Exact, "ISO text"),
    row(
        "`TIMESTAMP`",
        "Timestamp",
        Exact,
        "ISO text, in UTC and with `Z` where there is a zone; years 0 to 9999",
    ),
    row("", "Interval, Duration, and types that hold others", Refused, ""),
];

/// All of it.
pub(crate) fn table() -> TypeTable {
    TypeTable {
        reads: READS.to_vec(),
        writes: WRITES.to_vec(),
    }
}
