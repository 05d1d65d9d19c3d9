//! Documents into tables: paths, collections, and types on the way.

use super::bench::{Folder, copy};
use rusqlite::types::Value as Cell;
use serde_json::json;

const ORDERS: &str = r#"{"number": "01", "date": "20240131", "city": [{"name": "Seattle"}], "tags": ["a", 1],
    "orders": [{"prod": "p1", "price": 23}, {"prod": "p2", "price": 13.5}, {"prod": "p3", "price": "cheap"}]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_becomes_typed_rows() {
    let folder = Folder::new();
    std::fs::write(folder.path("orders.json"), ORDERS).unwrap();
    let column = |path: &str, name: &str, kind: &str| json!({ "source": { "path": path, "type": "String" }, "sink": { "name": name, "type": kind } });
    let settings = json!({
        "enableSkipIncompatibleRow": true,
        "translator": {
            "type": "TabularTranslator",
            "collectionReference": "$['orders']",
            "mapComplexValuesToString": true,
            "typeConversion": true,
            "typeConversionSettings": { "dateTimeFormat": "yyyyMMdd" },
            "mappings": [
                column("$['number']", "orderNumber", "Int32"),
                column("$['date']", "orderDate", "DateTime"),
                column("['prod']", "product", "String"),
                column("['price']", "price", "Double"),
                column("$['city'][0]['name']", "city", "String"),
                column("$.tags", "tags", "String"),
            ],
        },
    });
    let sink = folder.table("lines").with("tableOption", json!("autoCreate"));
    let outcome = copy(&folder.json("orders.json"), &sink, settings).await.unwrap();
    assert_eq!(
        (outcome.rows_read, outcome.rows_copied, outcome.rows_skipped),
        (3, 2, 1)
    );
    assert!(
        outcome.warnings.iter().any(|text| text.contains("column \"price\"")),
        "{outcome:?}"
    );
    let rows = folder.rows("SELECT orderNumber, product, price, city, tags FROM lines ORDER BY product");
    let text = |text: &str| Cell::Text(text.to_owned());
    let line = |product: &str, price: f64| {
        vec![
            Cell::Integer(1),
            text(product),
            Cell::Real(price),
            text("Seattle"),
            text("[\"a\", 1]"),
        ]
    };
    assert_eq!(rows, [line("p1", 23.0), line("p2", 13.5)]);
    let date = folder.rows("SELECT DISTINCT orderDate FROM lines");
    assert!(format!("{date:?}").contains("2024-01-31"), "{date:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_written_by_their_format() {
    let folder = Folder::new();
    std::fs::write(folder.path("in.csv"), "at,flag\n2024-02-29T23:59:58.5,true\n").unwrap();
    let typed = |name: &str, kind: &str| json!({ "source": { "name": name }, "sink": { "name": name, "type": kind } });
    let translator = |format: &str, mappings: serde_json::Value| {
        json!({ "translator": { "type": "TabularTranslator", "typeConversion": true, "mappings": mappings,
            "typeConversionSettings": { "dateTimeFormat": format, "treatBooleanAsNumber": true } } })
    };
    let list = json!([typed("at", "DateTime"), typed("flag", "Boolean")]);
    // The usual forms are read where no format is given.
    copy(
        &folder.csv("in.csv", true),
        &folder.parquet("a.parquet"),
        translator("", list),
    )
    .await
    .unwrap();
    let list = json!([typed("at", "String"), typed("flag", "Int16")]);
    copy(
        &folder.parquet("a.parquet"),
        &folder.csv("b.csv", true),
        translator("ddd d MMM yyyy h:mm:ss.f tt", list),
    )
    .await
    .unwrap();
    let written = std::fs::read_to_string(folder.path("b.csv")).unwrap();
    assert_eq!(
        written.lines().collect::<Vec<_>>(),
        ["at,flag", "Thu 29 Feb 2024 11:59:58.5 PM,1"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_culture_says_how_numbers_and_dates_are_written() {
    let folder = Folder::new();
    std::fs::write(
        folder.path("in.csv"),
        "at,amount\n01.02.2026 13:00:00,\"1.234,50\"\n\"31.12.2025\",\"-0,25\"\n",
    )
    .unwrap();
    let typed = |name: &str, kind: &str| json!({ "source": { "name": name }, "sink": { "name": name, "type": kind } });
    let translator = |mappings: serde_json::Value| {
        json!({ "translator": { "type": "TabularTranslator", "typeConversion": true, "mappings": mappings,
            "typeConversionSettings": { "culture": "de-DE" } } })
    };
    let list = json!([typed("at", "DateTime"), typed("amount", "Double")]);
    copy(
        &folder.csv("in.csv", true),
        &folder.table("t").with("tableOption", json!("autoCreate")),
        translator(list),
    )
    .await
    .unwrap();
    let sums = folder.rows("SELECT SUM(amount), MIN(at) < '2026-01-01', MAX(at) > '2026-01-31' FROM t");
    assert_eq!(sums, [vec![Cell::Real(1234.25), Cell::Integer(1), Cell::Integer(1)]]);
    // And back: a file of text writes them so itself.
    let list = json!([{ "source": { "name": "amount" }, "sink": { "name": "amount" } }]);
    copy(&folder.table("t"), &folder.csv("out.csv", true), translator(list))
        .await
        .unwrap();
    let written = std::fs::read_to_string(folder.path("out.csv")).unwrap();
    let mut lines: Vec<&str> = written.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["\"-0,25\"", "\"1234,5\"", "amount"]);
}
