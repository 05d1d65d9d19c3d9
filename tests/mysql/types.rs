//! What MariaDB's types become.

use super::{Log, Shop, connect, lines, read};
use arrow::datatypes::{DataType, TimeUnit};
use serde_json::json;
use sluice_contract::Code;
use sluice_store_core::{Rejects, Side};
use sluice_tests::mariadb::PASSWORD;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn every_type_is_read_exactly() {
    let shop = Shop::open().await;
    let types = [
        ("i8", "tinyint", "-128", DataType::Int8, "-128"),
        ("u8", "tinyint unsigned", "255", DataType::UInt8, "255"),
        ("i16", "smallint", "-32768", DataType::Int16, "-32768"),
        ("u16", "smallint unsigned", "65535", DataType::UInt16, "65535"),
        ("i24", "mediumint", "-8388608", DataType::Int32, "-8388608"),
        ("u24", "mediumint unsigned", "16777215", DataType::UInt32, "16777215"),
        ("i32", "int", "-2147483648", DataType::Int32, "-2147483648"),
        (
            "u32",
            "int unsigned zerofill",
            "4294967295",
            DataType::UInt32,
            "4294967295",
        ),
        (
            "i64",
            "bigint",
            "-9223372036854775808",
            DataType::Int64,
            "-9223372036854775808",
        ),
        (
            "u64",
            "bigint unsigned",
            "18446744073709551615",
            DataType::UInt64,
            "18446744073709551615",
        ),
        ("f32", "float", "0.1", DataType::Float32, "0.1"),
        (
            "f64",
            "double",
            "-1.7976931348623157e308",
            DataType::Float64,
            "-1.7976931348623157e308",
        ),
        (
            "dec",
            "decimal(38,10)",
            "-9999999999999999999999999999.9999999999",
            DataType::Decimal128(38, 10),
            "-9999999999999999999999999999.9999999999",
        ),
        (
            "big",
            "decimal(65,30)",
            "99999999999999999999999999999999999.999999999999999999999999999999",
            DataType::Decimal256(65, 30),
            "99999999999999999999999999999999999.999999999999999999999999999999",
        ),
        (
            "udec",
            "decimal(5,0) unsigned",
            "99999",
            DataType::Decimal128(5, 0),
            "99999",
        ),
        ("flag", "bit(1)", "b'1'", DataType::Boolean, "true"),
        (
            "bits",
            "bit(64)",
            "18446744073709551615",
            DataType::UInt64,
            "18446744073709551615",
        ),
        ("nine", "bit(9)", "b'100000001'", DataType::UInt64, "257"),
        ("yr", "year", "1901", DataType::Int16, "1901"),
        ("e", "enum('a','b,c','')", "'b,c'", DataType::Utf8, "b,c"),
        ("s", "set('x','y','z')", "'x,z'", DataType::Utf8, "x,z"),
        (
            "j",
            "json",
            "'{\"a\": [1, 2.50]}'",
            DataType::Utf8,
            "{\"a\": [1, 2.50]}",
        ),
        (
            "id",
            "uuid",
            "'0197B2C4-7D4E-7ABC-8DEF-0123456789AB'",
            DataType::Utf8,
            "0197b2c4-7d4e-7abc-8def-0123456789ab",
        ),
        ("ip", "inet6", "'::1'", DataType::Utf8, "::1"),
        ("c", "char(5)", "'ab'", DataType::Utf8, "ab"),
        ("v", "varchar(20)", "'🦀 e\\0x'", DataType::Utf8, "🦀 e\0x"),
        (
            "l",
            "varchar(20) character set latin1",
            "'Ünïcödé'",
            DataType::Utf8,
            "Ünïcödé",
        ),
        ("t", "longtext", "''", DataType::Utf8, ""),
        ("b", "binary(3)", "x'FF'", DataType::Binary, "ff0000"),
        ("vb", "varbinary(9)", "x'00FF0A'", DataType::Binary, "00ff0a"),
        ("bl", "longblob", "''", DataType::Binary, ""),
        ("d0", "date", "'0001-01-01'", DataType::Date32, "0001-01-01"),
        ("d1", "date", "'9999-12-31'", DataType::Date32, "9999-12-31"),
        (
            "tm",
            "time(6)",
            "'23:59:59.999999'",
            DataType::Time64(TimeUnit::Microsecond),
            "23:59:59.999999",
        ),
        (
            "dt",
            "datetime(6)",
            "'9999-12-31 23:59:59.999999'",
            DataType::Timestamp(TimeUnit::Microsecond, None),
            "9999-12-31T23:59:59.999999",
        ),
        (
            "ts",
            "timestamp(6)",
            "'2038-01-19 03:14:07.999999'",
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            "2038-01-19T03:14:07.999999Z",
        ),
    ];
    let columns: Vec<String> = types.iter().map(|t| format!("`{}` {} NULL", t.0, t.1)).collect();
    let values: Vec<&str> = types.iter().map(|t| t.2).collect();
    let nulls = vec!["NULL"; types.len()];
    shop.server
        .sql(&[
            "SET GLOBAL time_zone = '+05:30'",
            &format!("CREATE TABLE every ({})", columns.join(", ")),
            &format!("INSERT INTO every VALUES ({})", values.join(", ")),
            &format!("INSERT INTO every VALUES ({})", nulls.join(", ")),
        ])
        .await;
    for query in [None, Some("SELECT * FROM every")] {
        let (dataset, activity) = match query {
            None => (json!({ "table": "every" }), json!({})),
            Some(query) => (json!({}), json!({ "query": query })),
        };
        let source = shop.source(dataset, activity, 1).await.unwrap();
        for (field, expected) in source.schema().fields().iter().zip(&types) {
            assert_eq!((field.name().as_str(), field.data_type()), (expected.0, &expected.3));
        }
        let read = lines(&read(source.as_ref()).await.unwrap());
        let expected: Vec<&str> = types.iter().map(|t| t.4).collect();
        let mut expected = vec![expected.join("|"), nulls.join("|")];
        expected.sort();
        assert_eq!(read, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_that_repeat_stay_apart() {
    let shop = Shop::open().await;
    shop.server
        .sql(&["CREATE TABLE m (id int PRIMARY KEY, at timestamp NULL)"])
        .await;
    // The night in which Berlin's clocks go back: 02:30 is there twice.
    shop.server
        .sql(&["INSERT INTO m VALUES (1, '2024-10-27 00:30:00'), (2, '2024-10-27 01:30:00')"])
        .await;
    shop.server.sql(&["SET GLOBAL time_zone = '+02:00'"]).await;
    assert_eq!(
        shop.table("m").await.unwrap(),
        ["1|2024-10-27T00:30:00Z", "2|2024-10-27T01:30:00Z"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrow_has_not_is_refused_or_left_out() {
    let shop = Shop::open().await;
    shop.server
        .sql(&[
            "CREATE TABLE dates (id int PRIMARY KEY, d date, t time)",
            "SET GLOBAL sql_mode = 'ALLOW_INVALID_DATES'",
        ])
        .await;
    shop.server
        .sql(&[
            "INSERT INTO dates VALUES (1, '2024-01-01', '10:00:00'), (2, '0000-00-00', NULL), (3, NULL, '25:00:00'), \
            (4, NULL, '-00:00:01'), (5, '2024-02-31', NULL), (6, '2024-00-10', NULL)",
        ])
        .await;
    for (id, word) in [(2, "\"d\""), (3, "\"t\""), (4, "\"t\""), (5, "\"d\""), (6, "\"d\"")] {
        let fault = shop
            .query(&format!("SELECT * FROM dates WHERE id = {id}"))
            .await
            .unwrap_err();
        assert_eq!(fault.code, Code::DataInvalid, "{fault}");
        assert!(fault.message.contains(word), "{fault}");
    }
    let source = shop
        .source(
            json!({}),
            json!({ "query": "SELECT * FROM dates WHERE id IN (1, 2, 6)", "zeroDatesAsNull": true }),
            1,
        )
        .await
        .unwrap();
    assert_eq!(
        lines(&read(source.as_ref()).await.unwrap()),
        ["1|2024-01-01|10:00:00", "2|NULL|NULL", "6|NULL|NULL"]
    );
    let log = Arc::new(Log::default());
    let rejects = Rejects::new(log.clone());
    let source = shop
        .source_with(json!({ "table": "dates" }), json!({}), 1, Some(rejects.clone()))
        .await
        .unwrap();
    assert_eq!(lines(&read(source.as_ref()).await.unwrap()), ["1|2024-01-01|10:00:00"]);
    assert_eq!(rejects.rows(), 5);
    let log = log.0.lock().unwrap();
    assert!(
        log.iter()
            .all(|left| left.side == Side::Source && left.fault.code == Code::DataInvalid)
    );
    assert!(log[0].record.starts_with("2,"), "{:?}", log[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn geometries_are_refused_and_booleans_are_asked_for() {
    let shop = Shop::open().await;
    shop.server
        .sql(&[
            "CREATE TABLE g (id int PRIMARY KEY, place point)",
            "INSERT INTO g VALUES (1, POINT(1, 2))",
            "CREATE TABLE b (id int PRIMARY KEY, flag tinyint(1))",
            "INSERT INTO b VALUES (1, 0), (2, 1), (3, NULL)",
        ])
        .await;
    let fault = shop.table("g").await.unwrap_err();
    assert_eq!(fault.code, Code::TypeUnsupported, "{fault}");
    assert!(
        fault.message.contains("place") && fault.message.contains("ST_AsText"),
        "{fault}"
    );
    assert_eq!(
        shop.query("SELECT id, ST_AsText(place) AS p FROM g").await.unwrap(),
        ["1|POINT(1 2)"]
    );

    assert_eq!(shop.table("b").await.unwrap(), ["1|0", "2|1", "3|NULL"]);
    let connection = connect(&shop.server, json!({ "treatTinyAsBoolean": true }), PASSWORD)
        .await
        .unwrap();
    let shop = Shop { connection, ..shop };
    assert_eq!(shop.table("b").await.unwrap(), ["1|false", "2|true", "3|NULL"]);
    shop.server.sql(&["INSERT INTO b VALUES (4, 2)"]).await;
    assert_eq!(shop.table("b").await.unwrap_err().code, Code::DataInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn expressions_have_types_too() {
    let shop = Shop::open().await;
    shop.server
        .sql(&[
            "CREATE TABLE n (v decimal(10,2), f float)",
            "INSERT INTO n VALUES (1.50, 3.4e38), (2.25, -0.1)",
        ])
        .await;
    assert_eq!(
        shop.query("SELECT SUM(v) AS s, AVG(v) AS a, COUNT(*) AS c, 1/3 AS q, NULL AS n, 'x' AS t FROM n")
            .await
            .unwrap(),
        ["3.75|1.875000|2|0.3333|NULL|x"]
    );
    assert_eq!(shop.query("SELECT f FROM n WHERE f > 0").await.unwrap(), ["3.4e38"]);
    assert_eq!(
        shop.query("SELECT CAST('2024-01-02' AS date) AS d, CAST(-1 AS signed) AS i, x'00ff' AS b")
            .await
            .unwrap(),
        ["2024-01-02|-1|00ff"]
    );
    for (query, word) in [
        ("SELECT 1 AS a, 2 AS a", "two columns"),
        ("SELECT ? AS a", "parameters"),
        ("DELETE FROM n", "no columns"),
        ("SELECT 1; SELECT 2", "syntax"),
        ("SELEC 1", "syntax"),
    ] {
        let fault = shop.query(query).await.unwrap_err();
        assert_eq!(fault.code, Code::QueryFailed, "{query}: {fault}");
        assert!(fault.message.contains(word), "{query}: {fault}");
    }
    assert_eq!(shop.server.one("SELECT COUNT(*) FROM n").await, "2");
}
