//! `docs/types.md` is made from the connectors' own tables.

use sluice_store_core::{Fidelity, TypeRow};
use sluice_tests::root;
use std::fmt::Write;

const HEAD: &str = "# Types\n\n\
Data travels between stores as Arrow batches. A type is carried exactly or refused with `SL6007`, which names the column; nothing is\n\
rounded in silence. A column's original type travels along as metadata (`sluice.type`), so that `numeric(38,10)` or `uuid` come\n\
out of a Parquet file as what they were.\n\n\
This page is made from the connectors' own tables: `SLUICE_UPDATE_DOCS=1 cargo nextest run --workspace pages::types`.\n";

const FILES: &str = "\n## Parquet\n\
Every Arrow type of the tables here is carried as it is. Intervals of months, days and nanoseconds, unions and structs without\n\
members are refused.\n\n\
## Delimited text\n\
Numbers, booleans, texts, dates, times, timestamps and decimals are written as text that reads back as the same value; bytes and\n\
nested types are refused. Reading, every column is text, unless the dataset's `schema` gives it a type:\n\n\
| `schema` type | Arrow |\n|---|---|\n\
| `String`, `Guid` | Utf8 |\n\
| `Int16`, `Int32`, `Int64` | Int16, Int32, Int64 |\n\
| `Single`, `Double` | Float32, Float64 |\n\
| `Decimal` with `precision` and `scale` | Decimal128 |\n\
| `Boolean` | Boolean |\n\
| `Date` | Date32 |\n\
| `TimeSpan` | Time64 (microseconds) |\n\
| `DateTime`, `DateTimeOffset` | Timestamp (microseconds), the second in UTC |\n\n\
## JSON\n\
Everything above, and bytes, lists, structs and maps of texts; intervals, durations and unions are refused. Reading, types are those of the\n\
values ([how](formats.md#json)), or of the dataset's `schema` as above, which also knows `Byte[]`:\n\n\
| values | Arrow |\n|---|---|\n\
| whole numbers of 64 bits | Int64 |\n\
| other numbers that a double has all digits of | Float64 |\n\
| other numbers up to 38 digits | Decimal128 |\n\
| longer numbers; values of several kinds | Utf8, as they are written |\n\
| texts, dates and times too | Utf8 |\n\
| booleans | Boolean |\n\
| arrays, objects | List, Struct |\n\n\
## Avro\n\
| Avro | Arrow | written from |\n|---|---|---|\n\
| boolean, int, long, float, double | Boolean, Int32, Int64, Float32, Float64 | the same; integers of 8 and 16 bits as int, UInt32 as long, UInt64 is refused |\n\
| string, enum | Utf8 | Utf8 |\n\
| bytes, fixed | Binary, FixedSizeBinary | the same |\n\
| decimal | Decimal128, Decimal256 | the same, not with a negative scale |\n\
| uuid | FixedSizeBinary(16) named `uuid` | the same |\n\
| date | Date32 | Date32 |\n\
| time-millis, time-micros | Time32, Time64 | the same; nanoseconds are refused |\n\
| timestamp-*, local-timestamp-* | Timestamp in UTC, Timestamp | the same |\n\
| array, map, record | List, Map, Struct | the same |\n\
| a union with null | the type, which may be NULL | columns that may be NULL |\n\
| other unions | Union | refused |\n\
| - | - | intervals, durations: refused |\n\n\
## Excel\n\
Read only. Every column is text, unless the dataset's `schema` gives it a type as above.\n";

fn page() -> String {
    let mut page = HEAD.to_owned();
    for connector in super::stores::connectors() {
        let table = connector.types();
        let title = connector.kinds()[0].title;
        if table.reads.is_empty() {
            // A store of files: its formats are below.
            continue;
        }
        writeln!(
            page,
            "\n## {title}\nReading:\n\n| {title} | Arrow | carried | |\n|---|---|---|---|"
        )
        .unwrap();
        for row in table.reads {
            writeln!(
                page,
                "| {} | {} | {} | {} |",
                row.store,
                arrow(&row),
                carried(row.fidelity),
                row.note
            )
            .unwrap();
        }
        writeln!(
            page,
            "\nWriting into a table that the copy makes:\n\n| Arrow | {title} | carried | |\n|---|---|---|---|"
        )
        .unwrap();
        for row in table.writes {
            writeln!(
                page,
                "| {} | {} | {} | {} |",
                arrow(&row),
                row.store,
                carried(row.fidelity),
                row.note
            )
            .unwrap();
        }
    }
    page.push_str(FILES);
    page
}

fn arrow(row: &TypeRow) -> &'static str {
    if row.arrow.is_empty() { "-" } else { row.arrow }
}

fn carried(fidelity: Fidelity) -> &'static str {
    match fidelity {
        Fidelity::Exact => "exactly",
        Fidelity::Widened => "exactly, in a wider type",
        Fidelity::Lossy => "rounded, with `typeConversion` only",
        Fidelity::Refused => "refused",
    }
}

#[test]
fn the_page_of_types_is_the_connectors_own() {
    let path = root().join("docs/types.md");
    if std::env::var_os("SLUICE_UPDATE_DOCS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page(),
        "docs/types.md is not what the connectors say: SLUICE_UPDATE_DOCS=1 cargo nextest run --workspace pages::types"
    );
}
