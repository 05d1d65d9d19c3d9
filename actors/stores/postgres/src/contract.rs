//! The type contract in both directions, for the documentation.

use crate::types;
use sluice_store_core::{Fidelity, TypeRow, TypeTable};

const fn write(arrow: &'static str, store: &'static str, fidelity: Fidelity, note: &'static str) -> TypeRow {
    TypeRow {
        store,
        arrow,
        fidelity,
        note,
    }
}

const WRITES: &[TypeRow] = &[
    write("Boolean", "boolean", Fidelity::Exact, ""),
    write("Int8, UInt8", "smallint", Fidelity::Widened, ""),
    write("Int16", "smallint", Fidelity::Exact, ""),
    write("UInt16", "integer", Fidelity::Widened, ""),
    write("Int32", "integer", Fidelity::Exact, ""),
    write("UInt32", "bigint", Fidelity::Widened, ""),
    write("Int64", "bigint", Fidelity::Exact, ""),
    write("UInt64", "numeric(20,0)", Fidelity::Widened, ""),
    write("Float16", "real", Fidelity::Widened, ""),
    write("Float32", "real", Fidelity::Exact, ""),
    write("Float64", "double precision", Fidelity::Exact, ""),
    write(
        "Decimal128, Decimal256",
        "numeric(p,s)",
        Fidelity::Exact,
        "one with a negative scale is refused",
    ),
    write(
        "Utf8",
        "text",
        Fidelity::Exact,
        "a text with a NUL character is refused (SL6011)",
    ),
    write("Binary", "bytea", Fidelity::Exact, "also of a fixed size"),
    write(
        "Date32, Date64",
        "date",
        Fidelity::Exact,
        "a Date64 with a time of day is refused (SL6011)",
    ),
    write(
        "Time32, Time64",
        "time",
        Fidelity::Exact,
        "nanoseconds are refused (SL6011)",
    ),
    write(
        "Timestamp",
        "timestamp",
        Fidelity::Exact,
        "nanoseconds are refused (SL6011)",
    ),
    write(
        "Timestamp (UTC or another zone)",
        "timestamptz",
        Fidelity::Exact,
        "the moment, not the zone",
    ),
    write("Null", "text", Fidelity::Widened, ""),
    write("Dictionary", "as its values", Fidelity::Exact, ""),
    write(
        "a column with `sluice.type`",
        "that type",
        Fidelity::Exact,
        "where PostgreSQL has it and its data still have the form they had there",
    ),
    write("List, Struct, Map, Union", "", Fidelity::Refused, ""),
    write("Interval, Duration", "", Fidelity::Refused, "cast it to text"),
];

/// What becomes of all types.
pub(crate) fn table() -> TypeTable {
    TypeTable {
        reads: types::rows(),
        writes: WRITES.to_vec(),
    }
}
