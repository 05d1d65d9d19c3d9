use super::{Database, batches, connect, everything, key};
use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Decimal128Array, Float64Array, Int64Array, StringArray,
};
use arrow::datatypes::{DataType, Decimal256Type, Int64Type};
use futures::{StreamExt, TryStreamExt};
use serde_json::json;
use sluice_contract::Code;
use sluice_store_core::SourceRequest;
use sluice_store_core::source::ORIGINAL_TYPE;
use std::collections::BTreeSet;
use std::sync::Arc;

#[tokio::test]
async fn every_declared_type_is_carried_exactly() {
    let database = Database::new(
        "CREATE TABLE t (i INTEGER PRIMARY KEY, b BIGINT, s VARCHAR(20), r DOUBLE, x BLOB, o BOOLEAN, d DECIMAL(10,2), e DECIMAL_TEXT(40,2));
         INSERT INTO t VALUES (1, 9223372036854775807, 'it''s \"ü\"
x', 0.1, x'00ff', 1, 12.50, '12345678901234567890123456789012345678.9');
         INSERT INTO t VALUES (2, NULL, '', NULL, x'', 0, 7, NULL);
         INSERT INTO t VALUES (3, -1, NULL, 5, NULL, NULL, -0.07, '-0.01');",
    );
    let source = database.table("t", 1).await.unwrap();
    assert_eq!(source.schema().field(2).metadata()[ORIGINAL_TYPE], "VARCHAR(20)");
    assert_eq!(source.rows_expected(), Some(3));
    let batch = everything(source.as_ref()).await.unwrap();
    let expected: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![1, 2, 3])),
        Arc::new(Int64Array::from(vec![Some(i64::MAX), None, Some(-1)])),
        Arc::new(StringArray::from(vec![Some("it's \"ü\"\nx"), Some(""), None])),
        Arc::new(Float64Array::from(vec![Some(0.1), None, Some(5.0)])),
        Arc::new(BinaryArray::from_opt_vec(vec![Some(&[0, 255][..]), Some(&[]), None])),
        Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])),
        Arc::new(
            Decimal128Array::from(vec![1250, 700, -7])
                .with_precision_and_scale(10, 2)
                .unwrap(),
        ),
    ];
    for (index, column) in expected.iter().enumerate() {
        assert_eq!(batch.column(index), column, "column {index}");
    }
    let wide = batch.column(7).as_primitive::<Decimal256Type>();
    assert_eq!(wide.data_type(), &DataType::Decimal256(40, 2));
    assert_eq!(wide.value_as_string(0), "12345678901234567890123456789012345678.90");
    assert!(wide.is_null(1));
    assert!(source.bytes_read() > 0);
}

#[tokio::test]
async fn columns_that_say_nothing_are_surveyed() {
    let database = Database::new(
        "CREATE TABLE t (d DATE, n NUMERIC, u, z JSON);
         INSERT INTO t VALUES ('2024-02-29', 1, x'01', NULL), (NULL, 2.5, NULL, NULL);",
    );
    let source = database.table("T", 4).await.unwrap();
    let types: Vec<DataType> = source
        .schema()
        .fields()
        .iter()
        .map(|field| field.data_type().clone())
        .collect();
    assert_eq!(
        types,
        [DataType::Utf8, DataType::Float64, DataType::Binary, DataType::Utf8]
    );
    assert_eq!(source.warnings().len(), 1);
    assert_eq!(everything(source.as_ref()).await.unwrap().num_rows(), 2);
    // Without a write-ahead log nobody writes while a source holds its snapshot.
    drop(source);

    database
        .raw()
        .execute_batch("INSERT INTO t VALUES (5, 1, 1, 1)")
        .unwrap();
    let fault = database.table("t", 1).await.err().unwrap();
    assert_eq!(fault.code, Code::TypeUnsupported);
    assert!(
        fault.message.contains("\"d\"") && fault.message.contains("integer and text"),
        "{fault}"
    );
}

#[tokio::test]
async fn a_value_of_another_class_fails_and_is_named() {
    for (declared, value) in [
        ("INTEGER", "'x'"),
        ("INTEGER", "1.5"),
        ("TEXT", "x'00'"),
        ("TEXT", "CAST(x'ff' AS TEXT)"),
        ("REAL", "'x'"),
        ("BLOB", "'x'"),
        ("BOOLEAN", "2"),
        ("DECIMAL(4,2)", "1.005"),
        ("DECIMAL(4,2)", "100"),
    ] {
        let database = Database::new(&format!(
            "CREATE TABLE t (c {declared}); INSERT INTO t(rowid, c) VALUES (77, {value})"
        ));
        let source = database.table("t", 1).await.unwrap();
        let fault = everything(source.as_ref()).await.unwrap_err();
        assert_eq!(fault.code, Code::DataInvalid, "{declared} {value}");
        assert!(
            fault.message.contains("\"c\"") && fault.message.contains("rowid 77"),
            "{fault}"
        );
    }
}

#[tokio::test]
async fn queries_keep_declarations_and_order() {
    let database = Database::new(
        "CREATE TABLE t (i INTEGER, o BOOLEAN, x BLOB, d DECIMAL(5,1)); INSERT INTO t VALUES (1, 1, 'text', 0.5), (2, 0, 'b', 1);",
    );
    let source = database
        .query("SELECT o, d, x, count(*) AS n, i FROM t GROUP BY i ORDER BY i DESC -- all; of them")
        .await
        .unwrap();
    let types: Vec<DataType> = source
        .schema()
        .fields()
        .iter()
        .map(|field| field.data_type().clone())
        .collect();
    assert_eq!(
        types,
        [
            DataType::Boolean,
            DataType::Decimal128(5, 1),
            DataType::Utf8,
            DataType::Int64,
            DataType::Int64
        ]
    );
    let batch = everything(source.as_ref()).await.unwrap();
    assert_eq!(batch.column(4).as_primitive::<Int64Type>().values(), &[2, 1]);

    for query in [
        "SELECT i FROM t; -- done",
        "SELECT i AS [a;--] FROM t /* x */ ; /* y */",
    ] {
        let source = database.query(query).await.unwrap();
        assert_eq!(everything(source.as_ref()).await.unwrap().num_rows(), 2, "{query}");
    }
    for (query, code) in [
        ("SELEC 1", Code::QueryFailed),
        ("SELECT * FROM missing", Code::TableNotFound),
        ("SELECT ?", Code::QueryFailed),
        ("SELECT 1; DROP TABLE t", Code::QueryFailed),
        ("SELECT 1) UNION SELECT (2", Code::QueryFailed),
        ("DELETE FROM t", Code::QueryFailed),
        ("SELECT 1 AS a, 2 AS a", Code::QueryFailed),
    ] {
        let fault = database.query(query).await.err();
        assert_eq!(fault.unwrap().code, code, "{query}");
    }
    assert_eq!(database.one("SELECT count(*) FROM t"), "2");
}

#[tokio::test]
async fn partitions_cover_every_row_once_in_one_snapshot() {
    for mode in ["WAL", "DELETE"] {
        let database = Database::new(&format!(
            "PRAGMA journal_mode = {mode}; CREATE TABLE t (i INTEGER PRIMARY KEY, s TEXT);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
             INSERT INTO t SELECT i, printf('row %d', i) FROM n;"
        ));
        let source = database.table("t", 3).await.unwrap();
        assert_eq!(source.partitions().len(), 3);
        if mode == "WAL" {
            // Comes behind the snapshot, so that nobody sees it.
            database
                .raw()
                .execute_batch("INSERT INTO t VALUES (20001, 'late'); DELETE FROM t WHERE i % 2 = 0")
                .unwrap();
        }
        let mut seen = BTreeSet::new();
        for partition in source.partitions() {
            let batches: Vec<_> = source.read(partition).await.unwrap().try_collect().await.unwrap();
            assert!(batches.iter().all(|batch| batch.get_array_memory_size() < 256 * 1024));
            for batch in batches {
                for value in batch.column(0).as_primitive::<Int64Type>().values() {
                    assert!(seen.insert(*value));
                }
            }
        }
        assert_eq!((seen.len(), seen.first(), seen.last()), (20000, Some(&1), Some(&20000)));
    }
}

#[tokio::test]
async fn odd_tables_are_read_in_one_partition() {
    let rows =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t SELECT i FROM n;";
    let database = Database::new(&format!(
        "CREATE TABLE t (rowid INTEGER PRIMARY KEY) WITHOUT ROWID; {rows} CREATE VIEW v AS SELECT * FROM t; CREATE TABLE e (a INT);"
    ));
    for (table, count) in [("t", 2000), ("v", 2000), ("e", 0)] {
        let source = database.table(table, 4).await.unwrap();
        assert_eq!(source.partitions().len(), 1, "{table}");
        assert_eq!(everything(source.as_ref()).await.unwrap().num_rows(), count);
    }
    // A column called like the row number does not hide it.
    let database = Database::new(&format!("CREATE TABLE t (rowid TEXT); {rows}"));
    let source = database.table("t", 4).await.unwrap();
    assert_eq!(source.partitions().len(), 4);
    assert_eq!(everything(source.as_ref()).await.unwrap().num_rows(), 2000);
}

#[tokio::test]
async fn a_dropped_stream_frees_its_partition() {
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    let database = Database::new("CREATE TABLE t (a INT)");
    let query = format!("SELECT CAST(i AS INTEGER) AS i FROM ({endless} LIMIT 50000000) WHERE i < 100000 OR i = -1");
    let source = database.query(&query).await.unwrap();
    for _ in 0..2 {
        let mut stream = source.read(&source.partitions()[0]).await.unwrap();
        assert!(stream.next().await.unwrap().unwrap().num_rows() > 0);
        drop(stream);
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_and_not_made() {
    let database = Database::new("CREATE TABLE t (a INT)");
    assert_eq!(
        database.table("missing", 1).await.err().unwrap().code,
        Code::TableNotFound
    );
    let request = SourceRequest {
        dataset: json!({"tableName": "t"}).as_object().unwrap().clone(),
        ..SourceRequest::default()
    };
    let path = database.path().with_file_name("none.db");
    let connection = connect(&path).await;
    assert_eq!(
        connection.source(request.clone()).await.err().unwrap().code,
        Code::FileNotFound
    );
    assert_eq!(
        connection.probe().await.last().unwrap().fault.as_ref().unwrap().code,
        Code::FileNotFound
    );
    assert!(!path.exists());

    std::fs::write(&path, "this is no database, however long one looks at it. ".repeat(100)).unwrap();
    assert_eq!(connection.source(request).await.err().unwrap().code, Code::DataInvalid);
    assert!(
        database
            .connect()
            .await
            .probe()
            .await
            .iter()
            .all(|stage| stage.fault.is_none())
    );
}

#[tokio::test]
async fn a_written_table_is_read_back_the_same() {
    let database = Database::new(
        "CREATE TABLE t (b BIGINT, s VARCHAR(20), r DOUBLE, x BLOB, o BOOLEAN, d DECIMAL(10,2), e DECIMAL_TEXT(40,2));
         INSERT INTO t VALUES (-5, 'ä', 0.1, x'00ff', 1, 12.50, '1234567890123456789012345678901234567.9'), (NULL, NULL, NULL, NULL, NULL, NULL, NULL);",
    );
    let source = database.table("t", 1).await.unwrap();
    let before = everything(source.as_ref()).await.unwrap();
    drop(source);
    let create = json!({ "tableOption": "autoCreate" });
    database
        .write_as("copy", create, &before, &key("j", 1, 1))
        .await
        .unwrap();
    let after = database.table("copy", 1).await.unwrap();
    assert_eq!(batches(after.as_ref()).await.unwrap(), vec![before]);
}
