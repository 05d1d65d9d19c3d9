//! The type contract as a table, for the docs.

use sluice_store_core::{Fidelity, TypeRow, TypeTable};

const fn row(store: &'static str, arrow: &'static str, fidelity: Fidelity, note: &'static str) -> TypeRow {
    TypeRow {
        store,
        arrow,
        fidelity,
        note,
    }
}

/// All types.
pub(crate) fn table() -> TypeTable {
    TypeTable {
        reads: READS.to_vec(),
        writes: WRITES.to_vec(),
    }
}

use Fidelity::{Exact, Refused, Widened};

const NANO: &str = "Timestamp (nanoseconds)";
const RANGE: &str = "1677-09-21 to 2262-04-11; a value outside is refused (SL6011): cast it to datetime2(6) in a query";
const OFFSET: &str = "the moment; its offset is not kept, and the copy warns of it";

const READS: &[TypeRow] = &[
    row("bit", "Boolean", Exact, ""),
    row("tinyint", "UInt8", Exact, ""),
    row("smallint", "Int16", Exact, ""),
    row("int", "Int32", Exact, ""),
    row("bigint", "Int64", Exact, ""),
    row("real", "Float32", Exact, ""),
    row("float", "Float64", Exact, ""),
    row("decimal(p,s), numeric(p,s)", "Decimal128(p,s)", Exact, ""),
    row(
        "money",
        "Decimal128(19,4)",
        Widened,
        "a query's values above some 450 billion are refused (SL6011): cast them to decimal(19,4) in it",
    ),
    row("smallmoney", "Decimal128(10,4)", Widened, ""),
    row("date", "Date32", Exact, ""),
    row("time(0) to time(6)", "Time64 (microseconds)", Exact, ""),
    row("time(7)", "Time64 (nanoseconds)", Exact, ""),
    row("smalldatetime", "Timestamp (seconds)", Exact, ""),
    row(
        "datetime",
        "Timestamp (milliseconds)",
        Exact,
        "as SQL Server prints it: 1/300 s end in .000, .003, .007",
    ),
    row("datetime2(0) to datetime2(6)", "Timestamp (microseconds)", Exact, ""),
    row("datetime2(7)", NANO, Exact, RANGE),
    row(
        "datetimeoffset(0) to datetimeoffset(6)",
        "Timestamp (microseconds, UTC)",
        Exact,
        OFFSET,
    ),
    row(
        "datetimeoffset(7)",
        "Timestamp (nanoseconds, UTC)",
        Exact,
        "the same, within the same range as datetime2(7)",
    ),
    row("char(n), nchar(n)", "Utf8", Exact, "with its padding"),
    row(
        "varchar(n), varchar(max), text",
        "Utf8",
        Exact,
        "from the collation's code page",
    ),
    row("nvarchar(n), nvarchar(max), ntext", "Utf8", Exact, ""),
    row("binary(n)", "Binary", Exact, "with its padding"),
    row("varbinary(n), varbinary(max), image", "Binary", Exact, ""),
    row("uniqueidentifier", "Utf8", Exact, "canonical text, lower case"),
    row("xml", "Utf8", Exact, "as SQL Server gives it out"),
    row("timestamp, rowversion", "Binary", Exact, "it cannot be written"),
    row(
        "hierarchyid",
        "Utf8",
        Exact,
        "SQL Server's text form, such as /1/2/; tables only, cast it in a query",
    ),
    row("sql_variant", "", Refused, "cast it in a query"),
    row(
        "geography, geometry",
        "",
        Refused,
        "select its text (STAsText) or bytes (STAsBinary) in a query",
    ),
    row(
        "types of the user's own (CLR)",
        "",
        Refused,
        "cast them in a query; alias types are what they stand for",
    ),
];

const WRITES: &[TypeRow] = &[
    row("bit", "Boolean", Exact, ""),
    row("tinyint", "UInt8", Exact, ""),
    row("smallint", "Int8, Int16", Exact, "Int8 is widened"),
    row("int", "UInt16, Int32", Exact, "UInt16 is widened"),
    row("bigint", "UInt32, Int64", Exact, "UInt32 is widened"),
    row("decimal(20,0)", "UInt64", Widened, ""),
    row(
        "real",
        "Float16, Float32",
        Exact,
        "NaN and infinity are refused (SL6011)",
    ),
    row("float", "Float64", Exact, "NaN and infinity are refused (SL6011)"),
    row(
        "decimal(p,s)",
        "Decimal128(p,s), Decimal256 to 38 digits",
        Exact,
        "a negative scale is refused",
    ),
    row(
        "nvarchar(max)",
        "Utf8",
        Exact,
        "a text that was an nvarchar(n) gets its length again",
    ),
    row("varbinary(max)", "Binary", Exact, ""),
    row("binary(n)", "FixedSizeBinary(n)", Exact, ""),
    row("date", "Date32", Exact, "years 1 to 9999, as everywhere here"),
    row("datetime2(3)", "Date64", Widened, ""),
    row(
        "time(0), (3), (6), (7)",
        "Time32, Time64",
        Exact,
        "by its unit; nanoseconds have to be hundreds",
    ),
    row(
        "datetime2(0), (3), (6), (7)",
        "Timestamp",
        Exact,
        "by its unit; nanoseconds have to be hundreds",
    ),
    row(
        "datetimeoffset(0), (3), (6), (7)",
        "Timestamp with a zone",
        Exact,
        "with the offset +00:00",
    ),
    row(
        "uniqueidentifier",
        "Utf8 that was a uniqueidentifier or uuid",
        Exact,
        "",
    ),
    row(
        "money, smallmoney, datetime, smalldatetime, xml",
        "what they were read as",
        Exact,
        "",
    ),
    row("", "intervals, durations, lists, structs, maps, unions", Refused, ""),
];
