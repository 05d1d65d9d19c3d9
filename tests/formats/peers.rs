//! What other programs write is read, and what is written they read.

use super::{Folder, peer};
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Date32Array, Decimal128Array, FixedSizeBinaryArray,
    Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Decimal128Type, Field, Float64Type, Int64Type, Schema, TimestampMicrosecondType};
use serde_json::{Value, json};
use std::sync::Arc;

fn texts(batch: &RecordBatch, name: &str) -> Vec<Option<String>> {
    let column = batch.column_by_name(name).unwrap().as_string::<i32>();
    column.iter().map(|text| text.map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn avro_of_fastavro_is_read_in_every_codec() {
    let folder = Folder::new().await;
    for codec in ["null", "deflate", "snappy", "bzip2", "zstandard"] {
        peer("make", "avro", &folder.path("x.avro"), &[codec]);
        let rows = folder.read("Avro", "x.avro", json!({})).await;
        assert_eq!(rows.num_rows(), 5000, "{codec}");
        let ids = rows.column(0).as_primitive::<Int64Type>();
        assert!(ids.values().iter().copied().eq(0..5000));
        let prices = rows.column_by_name("price").unwrap().as_primitive::<Decimal128Type>();
        assert_eq!(prices.data_type(), &DataType::Decimal128(20, 4));
        assert_eq!(
            (prices.is_null(0), prices.value(1), prices.value(4999)),
            (true, 12_345, 4999 * 12_345)
        );
        let moments = rows
            .column_by_name("moment")
            .unwrap()
            .as_primitive::<TimestampMicrosecondType>();
        assert_eq!(moments.value(7), 1_709_209_815_123_456);
        let states = texts(&rows, "state");
        assert_eq!(
            (states[0].as_deref(), states[1].as_deref()),
            (Some("DONE"), Some("OPEN"))
        );
        let keys = rows.column_by_name("key").unwrap();
        assert_eq!(keys.data_type(), &DataType::FixedSizeBinary(16));
        assert_eq!(
            rows.schema().field_with_name("key").unwrap().metadata()["sluice.type"],
            "uuid"
        );
        let ratios = rows.column_by_name("ratio").unwrap().as_primitive::<Float64Type>();
        assert_eq!((ratios.is_null(3), ratios.value(4)), (true, 4.0 / 3.0));
        let tags = rows.column_by_name("tags").unwrap().as_list::<i32>();
        assert_eq!((tags.value_length(4), tags.value_length(7)), (0, 3));
        let at = rows.column_by_name("at").unwrap().as_struct();
        assert_eq!(
            (at.is_null(1), at.column(0).as_string::<i32>().value(2)),
            (true, "Kraków")
        );
    }
}

fn sample() -> RecordBatch {
    let uuid =
        FixedSizeBinaryArray::try_from_sparse_iter_with_size([Some([0x12u8; 16]), None].into_iter(), 16).unwrap();
    let columns: Vec<(Field, ArrayRef)> = vec![
        (
            Field::new("id", DataType::Int64, false),
            Arc::new(Int64Array::from(vec![i64::MIN, i64::MAX])),
        ),
        (
            Field::new("t", DataType::Utf8, true),
            Arc::new(StringArray::from(vec![Some("a\"\\\n\u{1F9EA}"), None])),
        ),
        (
            Field::new("b", DataType::Boolean, true),
            Arc::new(BooleanArray::from(vec![Some(true), None])),
        ),
        (
            Field::new("x", DataType::Float64, true),
            Arc::new(Float64Array::from(vec![Some(0.1), None])),
        ),
        (
            Field::new("d", DataType::Decimal128(38, 10), true),
            Arc::new(
                Decimal128Array::from(vec![Some(-(10i128.pow(38) - 1)), None])
                    .with_precision_and_scale(38, 10)
                    .unwrap(),
            ),
        ),
        (
            Field::new("day", DataType::Date32, true),
            Arc::new(Date32Array::from(vec![Some(19_782), None])),
        ),
        (
            Field::new(
                "at",
                DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, Some("UTC".into())),
                true,
            ),
            Arc::new(TimestampMicrosecondArray::from(vec![Some(1_709_209_815_123_456), None]).with_timezone("UTC")),
        ),
        (
            Field::new("raw", DataType::Binary, true),
            Arc::new(BinaryArray::from(vec![Some(&b"\0\xff"[..]), None])),
        ),
        (
            Field::new("key", DataType::FixedSizeBinary(16), true)
                .with_metadata([("sluice.type".to_owned(), "uuid".to_owned())]),
            Arc::new(uuid),
        ),
    ];
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn fastavro_reads_what_is_written() {
    let folder = Folder::new().await;
    let settings = json!({"recordName": "Order", "recordNamespace": "shop.v1"});
    for (option, codec) in [
        ("", "snappy"),
        ("none", "null"),
        ("deflate", "deflate"),
        ("bzip2", "bzip2"),
    ] {
        let options = json!({"avroCompressionCodec": option});
        folder
            .write("Avro", "x.avro", options, settings.clone(), &sample())
            .await;
        let shown = peer("show", "avro", &folder.path("x.avro"), &[]);
        assert_eq!(
            (&shown["name"], &shown["codec"]),
            (&json!("shop.v1.Order"), &json!(codec))
        );
        let first = json!({
            "id": i64::MIN, "t": "a\"\\\n\u{1F9EA}", "b": true, "x": "0.1", "d": "-9999999999999999999999999999.9999999999",
            "day": "2024-02-29", "at": "2024-02-29T12:30:15.123456+00:00", "raw": "00ff",
            "key": "12121212-1212-1212-1212-121212121212",
        });
        assert_eq!(shown["rows"][0], first);
        assert_eq!(shown["rows"][1]["id"], json!(i64::MAX));
        assert_eq!(shown["rows"][1]["d"], Value::Null);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn python_reads_the_json_that_is_written() {
    let folder = Folder::new().await;
    for (encoding, python) in [("", "utf-8"), ("UTF-16", "utf-16"), ("UTF-8 with BOM", "utf-8-sig")] {
        for (pattern, lines) in [("setOfObjects", "lines"), ("arrayOfObjects", "array")] {
            let options = json!({"encodingName": encoding});
            folder
                .write("Json", "x.json", options, json!({"filePattern": pattern}), &sample())
                .await;
            let shown = peer("show", "json", &folder.path("x.json"), &[python, lines]);
            let first = json!({
                "id": i64::MIN, "t": "a\"\\\n\u{1F9EA}", "b": true, "x": "0.1",
                "d": "-9999999999999999999999999999.9999999999", "day": "2024-02-29",
                "at": "2024-02-29T12:30:15.123456+00:00", "raw": "AP8=", "key": "12121212-1212-1212-1212-121212121212",
            });
            assert_eq!(shown[0], first, "{encoding} {pattern}");
            assert_eq!(shown[1]["id"], json!(i64::MAX));
            assert_eq!(shown[1]["x"], Value::Null);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_of_python_keeps_its_digits() {
    let folder = Folder::new().await;
    peer("make", "json", &folder.path("x.json"), &[]);
    let rows = folder.read("Json", "x.json", json!({})).await;
    assert_eq!(rows.num_rows(), 300);
    let big = rows.column_by_name("big").unwrap().as_primitive::<Decimal128Type>();
    assert_eq!(big.value(299), (1i128 << 80) + 299);
    let inner = rows.column_by_name("in").unwrap().as_struct();
    assert_eq!(inner.column(1).as_string::<i32>().value(9), "ü\u{2028}\u{1F9EA}");
    let x = rows.column_by_name("x").unwrap().as_primitive::<Float64Type>();
    assert_eq!(x.value(3), 0.3);
}

#[tokio::test(flavor = "multi_thread")]
async fn csv_goes_both_ways_in_other_encodings() {
    let folder = Folder::new().await;
    for (python, ours) in [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", ""),
        ("utf-16", "UTF-16"),
        ("utf-32-be", "UTF-32BE"),
        ("gb18030", "GB18030"),
        ("shift_jis", "SHIFT-JIS"),
        ("euc_jp", "EUC-JP"),
        ("big5", "BIG5"),
    ] {
        peer("make", "csv", &folder.path("in.csv"), &[python]);
        let options = json!({"encodingName": ours, "firstRowAsHeader": true, "escapeChar": "\""});
        let rows = folder.read("DelimitedText", "in.csv", options.clone()).await;
        let last = if python.contains("utf") { "日本 é" } else { "日本" };
        let found = texts(&rows, "text");
        let found: Vec<_> = found.iter().map(Option::as_deref).collect();
        assert_eq!(
            found,
            [Some("a \"q\", b"), Some("line\r\nbreak"), None, Some(last)],
            "{python}"
        );
        folder
            .write("DelimitedText", "out.csv", options, json!({}), &rows)
            .await;
        // The byte order is told by the mark in front, whichever it is.
        let python = if python == "utf-32-be" { "utf-32" } else { python };
        let shown = peer("show", "csv", &folder.path("out.csv"), &[python]);
        assert_eq!(shown[0], json!(["id", "text"]));
        assert_eq!((&shown[1][1], &shown[4][1]), (&json!("a \"q\", b"), &json!(last)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workbooks_of_openpyxl_and_xlwt_are_read() {
    let folder = Folder::new().await;
    peer("make", "xlsx", &folder.path("x.xlsx"), &[]);
    let options = json!({"sheetName": "Zahlen & more", "firstRowAsHeader": true});
    let rows = folder.read("Excel", "x.xlsx", options).await;
    let column = |name: &str| texts(&rows, name);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(column("n"), [some("0.1"), some("-12345678901"), some("1e-7")]);
    assert_eq!(column("text"), [some("x <&> ß"), some("  spaces "), None]);
    assert_eq!(column("when"), [some("2024-02-29T12:30:15"), some("18:00:00"), None]);
    assert_eq!(column("whole"), [some("2024-02-29"), some("30:00:00"), None]);
    assert_eq!(column("yes"), [some("true"), some("false"), None]);

    peer("make", "xls", &folder.path("x.xls"), &[]);
    let schema = json!([{"name": "n", "type": "Double"}, {"name": "d", "type": "Date"}]);
    let options = json!({"sheetIndex": 0, "firstRowAsHeader": true, "schema": schema});
    let rows = folder.read("Excel", "x.xls", options).await;
    assert_eq!(rows.column(0).as_primitive::<Float64Type>().values(), &[1.0, 2.5]);
    assert_eq!(texts(&rows, "t"), [some("ein ß"), some("zwei")]);
    assert!(rows.column(2).is_null(1));
}
