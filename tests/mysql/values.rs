//! What is written into MariaDB's types.

use super::{Shop, lines, read};
use arrow::array::*;
use arrow::datatypes::{DataType, Field, Schema, i256};
use serde_json::{Value, json};
use sluice_contract::Code;
use std::sync::Arc;

fn create() -> Value {
    json!({ "type": "MariaDBSink", "tableOption": "autoCreate" })
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, a)| Field::new(*name, a.data_type().clone(), true))
        .collect();
    RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns.into_iter().map(|(_, a)| a).collect(),
    )
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_table_holds_every_type_exactly() {
    let shop = Shop::open().await;
    let largest = i256::from_string(&"9".repeat(65)).unwrap();
    let columns: Vec<(&str, ArrayRef, &str)> = vec![
        ("id", Arc::new(Int32Array::from(vec![1, 2])), "int(11)"),
        ("i8", Arc::new(Int8Array::from(vec![Some(i8::MIN), None])), "tinyint(4)"),
        (
            "u8",
            Arc::new(UInt8Array::from(vec![Some(u8::MAX), None])),
            "tinyint(3) unsigned",
        ),
        (
            "u16",
            Arc::new(UInt16Array::from(vec![Some(u16::MAX), None])),
            "smallint(5) unsigned",
        ),
        (
            "u32",
            Arc::new(UInt32Array::from(vec![Some(u32::MAX), None])),
            "int(10) unsigned",
        ),
        (
            "u64",
            Arc::new(UInt64Array::from(vec![Some(u64::MAX), None])),
            "bigint(20) unsigned",
        ),
        (
            "f32",
            Arc::new(Float32Array::from(vec![f32::MAX, f32::MIN_POSITIVE])),
            "float",
        ),
        ("f32b", Arc::new(Float32Array::from(vec![0.1, 0.0])), "float"),
        (
            "f64",
            Arc::new(Float64Array::from(vec![f64::MAX, f64::MIN_POSITIVE])),
            "double",
        ),
        ("f64b", Arc::new(Float64Array::from(vec![0.0, 0.1 + 0.2])), "double"),
        (
            "d256",
            Arc::new(
                Decimal256Array::from(vec![Some(largest), Some(largest.wrapping_neg())])
                    .with_precision_and_scale(65, 30)
                    .unwrap(),
            ),
            "decimal(65,30)",
        ),
        (
            "d128",
            Arc::new(
                Decimal128Array::from(vec![Some(-1), Some(100)])
                    .with_precision_and_scale(5, 3)
                    .unwrap(),
            ),
            "decimal(5,3)",
        ),
        ("flag", Arc::new(BooleanArray::from(vec![true, false])), "bit(1)"),
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from(vec![1_000_000, 2_147_483_647_999_999]).with_timezone("UTC")),
            "timestamp(6)",
        ),
        (
            "ms",
            Arc::new(TimestampMillisecondArray::from(vec![Some(-1), None])),
            "datetime(6)",
        ),
        ("sec", Arc::new(Time32SecondArray::from(vec![86_399, 0])), "time(6)"),
        (
            "fixed",
            Arc::new(FixedSizeBinaryArray::try_from_iter([[0_u8, 255], [10, 92]].into_iter()).unwrap()),
            "longblob",
        ),
        (
            "view",
            Arc::new(StringViewArray::from(vec![Some("\t\\\n\0'\"🦀"), Some("")])),
            "longtext",
        ),
        ("none", Arc::new(NullArray::new(2)), "longtext"),
        (
            "word",
            Arc::new(
                vec!["a", "b"]
                    .into_iter()
                    .collect::<DictionaryArray<arrow::datatypes::Int8Type>>(),
            ),
            "longtext",
        ),
    ];
    let written = batch(columns.iter().map(|(name, array, _)| (*name, array.clone())).collect());
    shop.write("fresh", create(), &written).await.unwrap();
    let declared = shop
        .server
        .rows("SELECT COLUMN_TYPE FROM information_schema.COLUMNS WHERE TABLE_NAME = 'fresh' ORDER BY ORDINAL_POSITION")
        .await;
    assert_eq!(declared, columns.iter().map(|c| c.2).collect::<Vec<_>>());
    let source = shop.source(json!({ "table": "fresh" }), json!({}), 1).await.unwrap();
    let batches = read(source.as_ref()).await.unwrap();
    // As Arrow casts the source's types, which is without loss.
    let back = &batches[0];
    for (index, (name, array, _)) in columns.iter().enumerate() {
        if *array.data_type() == DataType::Null {
            assert_eq!(back.column(index).null_count(), 2);
            continue;
        }
        let cast = arrow::compute::cast(back.column(index), array.data_type()).unwrap();
        assert_eq!(
            lines(&[batch(vec![(name, cast)])]),
            lines(&[batch(vec![(name, array.clone())])]),
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_mysql_has_not_is_refused_and_nothing_is_left() {
    let shop = Shop::open().await;
    let bad: Vec<ArrayRef> = vec![
        Arc::new(Float64Array::from(vec![f64::NAN])),
        Arc::new(Float64Array::from(vec![-0.0])),
        Arc::new(Float64Array::from(vec![f64::INFINITY])),
        Arc::new(Float32Array::from(vec![f32::NEG_INFINITY])),
        Arc::new(TimestampMicrosecondArray::from(vec![2_147_483_648_000_000]).with_timezone("UTC")),
        Arc::new(TimestampMicrosecondArray::from(vec![0]).with_timezone("UTC")),
        Arc::new(TimestampMicrosecondArray::from(vec![253_402_300_800_000_000])),
        Arc::new(TimestampNanosecondArray::from(vec![1])),
        Arc::new(Date32Array::from(vec![-719_163])),
    ];
    for array in bad {
        let fault = shop
            .write("none", create(), &batch(vec![("c", array.clone())]))
            .await
            .unwrap_err();
        assert_eq!(fault.code, Code::DataInvalid, "{array:?}: {fault}");
        assert!(fault.message.contains("\"c\"") && !fault.retryable, "{fault}");
    }
    let wide = Decimal256Array::from(vec![i256::ONE])
        .with_precision_and_scale(70, 2)
        .unwrap();
    let fault = shop
        .write("none", create(), &batch(vec![("c", Arc::new(wide))]))
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::TypeUnsupported, "{fault}");
    assert_eq!(shop.tables().await, Vec::<String>::new());
}

/// Values for a column that is there: what fits arrives as it is, and what does not is refused with all the rest.
#[tokio::test(flavor = "multi_thread")]
async fn columns_that_are_there_take_what_fits() {
    let shop = Shop::open().await;
    for (declared, good, stored, bad) in [
        ("enum('a','b')", "b", "b", "x"),
        ("enum('a','b')", "a", "a", ""),
        ("set('x','y')", "x,y", "x,y", "x,q"),
        ("json", "{\"a\":1}", "{\"a\":1}", "{a"),
        ("year", "2024", "2024", "1"),
        ("year", "1901", "1901", "2156"),
        ("bit(3)", "5", "5", "8"),
        ("int", " -7 ", "-7", "1.5"),
        ("tinyint unsigned", "255", "255", "256"),
        ("tinyint(1)", "true", "1", "maybe"),
        ("bigint unsigned", "18446744073709551615", "18446744073709551615", "-1"),
        ("decimal(5,2)", "-123.450", "-123.45", "1.005"),
        ("decimal(5,2) unsigned", "0.5", "0.50", "-0.5"),
        ("decimal(5,2)", "7", "7.00", "1e2"),
        ("float", "0.1", "0.1", "NaN"),
        ("double", "1e300", "1e300", "1e999"),
        ("char(3)", "abc", "abc", "ab "),
        ("varchar(3)", "äöü", "äöü", "abcd"),
        ("varchar(9) character set latin1", "Ünï", "Ünï", "漢"),
        ("varchar(3) character set ascii", "abc", "abc", "ä"),
        ("date", "2024-02-29", "2024-02-29", "2023-02-29"),
        ("date", "0001-01-01", "0001-01-01", "2024-1-1"),
        ("time", "23:59:59", "23:59:59", "24:00:00"),
        ("time(3)", "01:02:03.004", "01:02:03.004", "01:02:03.0045"),
        (
            "datetime",
            "2024-01-01T10:00:00",
            "2024-01-01 10:00:00",
            "2024-01-01 10:00:00.5",
        ),
        ("datetime", "2024-01-01", "2024-01-01 00:00:00", "2024-01-01 10:00:00Z"),
        (
            "timestamp",
            "2024-01-01 10:00:00+02:00",
            "2024-01-01 08:00:00",
            "2024-01-01 10:00:00",
        ),
        (
            "uuid",
            "0197b2c4-7d4e-7abc-8def-0123456789ab",
            "0197b2c4-7d4e-7abc-8def-0123456789ab",
            "0197",
        ),
        ("inet6", "::1", "::1", "1.2.3"),
        ("int not null", "1", "1", "NULL"),
        (
            "timestamp not null",
            "2024-01-01 10:00:00Z",
            "2024-01-01 10:00:00",
            "NULL",
        ),
    ] {
        shop.server
            .sql(&[
                "DROP TABLE IF EXISTS there",
                &format!("CREATE TABLE there (c {declared})"),
            ])
            .await;
        let text = |value: &str| {
            let value = Some(value).filter(|value| *value != "NULL");
            batch(vec![("C", Arc::new(StringArray::from(vec![value])) as ArrayRef)])
        };
        shop.write("there", json!({}), &text(good))
            .await
            .unwrap_or_else(|fault| panic!("{declared} {good:?}: {fault}"));
        let shown = if declared.starts_with("bit") { "c + 0" } else { "c" };
        assert_eq!(
            shop.server.one(&format!("SELECT {shown} FROM there")).await,
            stored,
            "{declared}"
        );
        let fault = shop.write("there", json!({}), &text(bad)).await.err();
        let fault = fault.unwrap_or_else(|| panic!("{declared} took {bad:?}"));
        assert_eq!(fault.code, Code::DataInvalid, "{declared} {bad:?}: {fault}");
        assert_eq!(shop.server.one("SELECT COUNT(*) FROM there").await, "1", "{declared}");
    }
    shop.server
        .sql(&["CREATE TABLE raw (b binary(2), v varbinary(9))"])
        .await;
    let raw = |bytes: &[u8]| {
        let array = Arc::new(BinaryArray::from(vec![bytes])) as ArrayRef;
        batch(vec![("b", array.clone()), ("v", array)])
    };
    shop.write("raw", json!({}), &raw(&[0, 255])).await.unwrap();
    assert_eq!(shop.server.one("SELECT HEX(b), HEX(v) FROM raw").await, "00FF|00FF");
    for bad in [&[7][..], &[7, 7, 7]] {
        assert_eq!(
            shop.write("raw", json!({}), &raw(bad)).await.unwrap_err().code,
            Code::DataInvalid
        );
    }
    assert_eq!(shop.tables().await, ["raw", "there"]);
}
