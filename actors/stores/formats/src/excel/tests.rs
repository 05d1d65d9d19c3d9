use crate::tests::memory::MemoryStore;
use crate::tests::sample::{dataset, many, read, read_some, write};
use arrow::array::AsArray;
use arrow::datatypes::{Float64Type, Int32Type};
use arrow::record_batch::RecordBatch;
use serde_json::{Value, json};
use sluice_contract::Code;
use std::io::Write;

/// A workbook of one sheet, `Data`, with these rows of XML.
fn workbook(rows: &str) -> Vec<u8> {
    const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const RELS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACK: &str = "http://schemas.openxmlformats.org/package/2006";
    let parts = [
        (
            "[Content_Types].xml",
            format!(
                r#"{HEAD}<Types xmlns="{PACK}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#
            ),
        ),
        (
            "_rels/.rels",
            format!(
                r#"{HEAD}<Relationships xmlns="{PACK}/relationships"><Relationship Id="r1" Type="{RELS}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                r#"{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{RELS}"><sheets><sheet name="Other" sheetId="1" r:id="r1"/><sheet name="Data" sheetId="2" r:id="r2"/></sheets></workbook>"#
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                r#"{HEAD}<Relationships xmlns="{PACK}/relationships"><Relationship Id="r1" Type="{RELS}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="{RELS}/worksheet" Target="worksheets/sheet2.xml"/><Relationship Id="r3" Type="{RELS}/styles" Target="styles.xml"/><Relationship Id="r4" Type="{RELS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#
            ),
        ),
        (
            "xl/styles.xml",
            format!(
                r#"{HEAD}<styleSheet xmlns="{MAIN}"><cellXfs count="4"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="21"/></cellXfs></styleSheet>"#
            ),
        ),
        (
            "xl/sharedStrings.xml",
            format!(r#"{HEAD}<sst xmlns="{MAIN}"><si><t>shared ß</t></si></sst>"#),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!(r#"{HEAD}<worksheet xmlns="{MAIN}"><sheetData/></worksheet>"#),
        ),
        (
            "xl/worksheets/sheet2.xml",
            format!(r#"{HEAD}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>"#),
        ),
    ];
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in parts {
        archive
            .start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A row of cells, each a column, a type with a style, and a value.
fn row(number: u32, cells: &[(&str, &str, &str)]) -> String {
    let cell = |(column, attributes, value): &(&str, &str, &str)| {
        let inner = match *attributes {
            r#"t="inlineStr""# => format!("<is><t>{value}</t></is>"),
            _ => format!("<v>{value}</v>"),
        };
        format!(r#"<c r="{column}{number}" {attributes}>{inner}</c>"#)
    };
    format!(
        r#"<row r="{number}">{}</row>"#,
        cells.iter().map(cell).collect::<String>()
    )
}

const TEXT: &str = r#"t="inlineStr""#;

fn sample() -> Vec<u8> {
    workbook(
        &[
            row(3, &[("B", TEXT, "n"), ("C", TEXT, "t"), ("D", TEXT, "d")]),
            row(4, &[("B", "", "1"), ("C", r#"t="s""#, "0"), ("D", r#"s="1""#, "45351")]),
            row(5, &[("B", "", "2.5"), ("D", r#"s="2""#, "45351.5")]),
            row(6, &[("C", r#"t="b""#, "1"), ("D", r#"s="3""#, "0.75")]),
            row(8, &[("B", "", "1E-7"), ("C", TEXT, "NULL"), ("D", "", "12345678901")]),
        ]
        .concat(),
    )
}

async fn texts(bytes: Vec<u8>, options: Value) -> Vec<Vec<Option<String>>> {
    let store = MemoryStore::default();
    store.put("x.xlsx", bytes);
    let rows = read(&store, "Excel", dataset("x.xlsx", options)).await.unwrap();
    all(&rows)
}

fn all(rows: &RecordBatch) -> Vec<Vec<Option<String>>> {
    let column = |index: usize| {
        rows.column(index)
            .as_string::<i32>()
            .iter()
            .map(|t| t.map(str::to_owned))
            .collect()
    };
    (0..rows.num_columns()).map(column).collect()
}

fn some(texts: &[&str]) -> Vec<Option<String>> {
    texts
        .iter()
        .map(|text| (!text.is_empty()).then(|| (*text).to_owned()))
        .collect()
}

#[tokio::test]
async fn cells_become_texts() {
    let options = json!({"sheetName": "Data", "firstRowAsHeader": true, "nullValue": "NULL"});
    assert_eq!(
        texts(sample(), options).await,
        [
            some(&["1", "2.5", "", "1e-7"]),
            some(&["shared ß", "", "true", ""]),
            some(&["2024-02-29", "2024-02-29T12:00:00", "18:00:00", "12345678901"]),
        ]
    );
    let by_number = texts(sample(), json!({"sheetIndex": 1})).await;
    assert_eq!(by_number[0], some(&["n", "1", "2.5", "", "1e-7"]));
}

#[tokio::test]
async fn ranges_choose_tables() {
    let of = |range: &str| json!({"sheetName": "Data", "range": range});
    assert_eq!(
        texts(sample(), of("B4:C5")).await,
        [some(&["1", "2.5"]), some(&["shared ß", ""])]
    );
    // Up to the first empty row.
    let from = texts(sample(), of("B3")).await;
    assert_eq!(from.len(), 3);
    assert_eq!(from[1], some(&["t", "shared ß", "", "true"]));
    assert_eq!(texts(sample(), of("D4")).await.len(), 1);
}

#[tokio::test]
async fn the_dataset_gives_types() {
    let store = MemoryStore::default();
    store.put("x.xlsx", sample());
    let schema = json!([{"name": "n", "type": "Double"}, {"name": "d", "type": "DateTime"}]);
    let options = json!({"sheetName": "Data", "firstRowAsHeader": true, "range": "B3:D5", "schema": schema});
    let rows = read(&store, "Excel", dataset("x.xlsx", options.clone())).await.unwrap();
    assert_eq!(rows.column(0).as_primitive::<Float64Type>().values(), &[1.0, 2.5]);
    let mut whole = options;
    whole["range"] = json!("");
    whole["schema"] = json!([{"name": "n", "type": "Int32"}]);
    let fault = read(&store, "Excel", dataset("x.xlsx", whole.clone()))
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::DataInvalid);
    assert!(
        fault.message.contains("row 5") && fault.message.contains("\"n\""),
        "{fault}"
    );
    let (rows, left_out) = read_some(&store, "Excel", dataset("x.xlsx", whole)).await.unwrap();
    assert_eq!(rows.column(0).as_primitive::<Int32Type>().value(0), 1);
    assert_eq!((rows.num_rows(), left_out.len()), (2, 2));
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let store = MemoryStore::default();
    store.put("x.xlsx", sample());
    let fault = |options: Value| {
        let store = store.clone();
        async move { read(&store, "Excel", dataset("x.xlsx", options)).await.unwrap_err() }
    };
    let missing = fault(json!({"sheetName": "data"})).await;
    assert_eq!(missing.code, Code::FileNotFound);
    assert!(missing.message.contains("Other, Data"), "{missing}");
    assert_eq!(fault(json!({"sheetIndex": 2})).await.code, Code::FileNotFound);
    // A sheet that holds nothing has no rows, and needs no columns.
    let empty = read(&store, "Excel", dataset("x.xlsx", json!({"sheetIndex": 0})))
        .await
        .unwrap();
    assert_eq!((empty.num_rows(), empty.num_columns()), (0, 0));
    for wrong in [
        json!({"sheetName": "a", "sheetIndex": 1}),
        json!({"range": "x"}),
        json!({"sheetIndex": "x"}),
    ] {
        assert_eq!(fault(wrong).await.code, Code::PropertyMissing);
    }
    let refused = write(&store, "Excel", dataset("y.xlsx", json!({})), vec![many(1, 0)]).await;
    assert_eq!(refused.unwrap_err().code, Code::PropertyMissing);
    store.put("x.xlsx", workbook(&row(1, &[("A", r#"t="e""#, "#N/A")])));
    let error = fault(json!({"sheetIndex": 1})).await;
    assert!(
        error.code == Code::DataInvalid && error.message.contains("A1"),
        "{error}"
    );
}

#[tokio::test]
async fn damaged_workbooks_are_faults() {
    let store = MemoryStore::default();
    let good = sample();
    for cut in (1..good.len()).step_by(41) {
        store.put("x.xlsx", good[..cut].to_vec());
        let fault = read(&store, "Excel", dataset("x.xlsx", json!({"sheetIndex": 1})))
            .await
            .unwrap_err();
        assert_eq!(fault.code, Code::DataInvalid, "{cut}: {fault}");
    }
    for at in (0..good.len()).step_by(17) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x55;
        store.put("x.xlsx", bytes);
        if let Err(fault) = read(&store, "Excel", dataset("x.xlsx", json!({"sheetIndex": 1}))).await {
            assert!(
                matches!(fault.code, Code::DataInvalid | Code::FileNotFound),
                "{at}: {fault}"
            );
        }
    }
    store.put("x.xlsx", vec![0xD0u8; 65 << 20]);
    let fault = read(&store, "Excel", dataset("x.xlsx", json!({}))).await.unwrap_err();
    assert!(fault.message.contains("64 MiB"), "{fault}");
    let long = row(1, &[("A", r#"t="inlineStr""#, &"a".repeat(5 << 20))]);
    store.put("x.xlsx", workbook(&long));
    let fault = read(&store, "Excel", dataset("x.xlsx", json!({"sheetIndex": 1})))
        .await
        .unwrap_err();
    assert!(fault.message.contains("which no cell has"), "{fault}");
}
