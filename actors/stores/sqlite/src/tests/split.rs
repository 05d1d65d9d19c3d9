//! What the activity says about what is read and how it is split.

use super::{Database, everything};
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use serde_json::{Value, json};
use sluice_contract::Code;

fn database() -> Database {
    Database::new(
        "CREATE TABLE t (n INTEGER, s TEXT);
         WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 1000) INSERT INTO t SELECT x * 3, 'a' FROM c;
         INSERT INTO t VALUES (NULL, 'null'), (-50, 'low'), (9000, 'high')",
    )
}

fn range(column: &str, lower: Value, upper: Value) -> Value {
    json!({ "partitionOption": "DynamicRange", "partitionSettings":
        { "partitionColumnName": column, "partitionLowerBound": lower, "partitionUpperBound": upper } })
}

/// Partitions, rows, and the sum of the numbers.
async fn read(activity: Value, parallel: usize) -> (usize, usize, i64) {
    let source = database()
        .source(json!({ "table": "t" }), activity, parallel)
        .await
        .unwrap();
    let all = everything(source.as_ref()).await.unwrap();
    let sum = all.column(0).as_primitive::<Int64Type>().iter().flatten().sum();
    (source.partitions().len(), all.num_rows(), sum)
}

#[tokio::test]
async fn a_range_reads_every_row_once_whatever_the_bounds() {
    let sum = 3 * 500 * 1001 - 50 + 9000;
    for (lower, upper) in [
        (json!("3"), json!(3000)),
        (json!(null), json!(null)),
        (json!(100), json!("200")),
        (json!(-100_000), json!(null)),
    ] {
        assert_eq!(read(range("N", lower, upper), 4).await, (4, 1003, sum));
    }
    assert_eq!(read(range("n", json!(5), json!(5)), 4).await, (1, 1003, sum));
    let mut query = range("n", json!(1), json!(3000));
    query["sqlReaderQuery"] = json!("SELECT n FROM t WHERE s = 'a' ORDER BY n LIMIT 500; ");
    assert_eq!(read(query, 3).await, (3, 500, 3 * 250 * 501));
}

#[tokio::test]
async fn what_was_asked_for_by_name_is_done() {
    assert_eq!(read(json!({}), 3).await.0, 3);
    assert_eq!(read(json!({ "partitionOption": "None" }), 3).await.0, 1);
    assert_eq!(read(json!({ "partitionOption": "DynamicRange" }), 3).await.0, 3);
    assert_eq!(read(json!({ "sqlReaderQuery": "SELECT 7 AS n" }), 3).await, (1, 1, 7));
}

#[tokio::test]
async fn what_sqlite_does_not_have_is_refused() {
    for activity in [
        json!({ "partitionOption": "PhysicalPartitionsOfTable" }),
        json!({ "sqlReaderStoredProcedureName": "p" }),
        json!({ "query": "SELECT 1", "partitionOption": "DynamicRange" }),
        range("missing", json!(1), json!(2)),
        range("s", json!(1), json!(2)),
        range("n", json!("a"), json!(2)),
        range("n", json!(3), json!(2)),
    ] {
        let fault = database()
            .source(json!({ "table": "t" }), activity.clone(), 4)
            .await
            .err()
            .unwrap();
        assert_eq!(fault.code, Code::PropertyMissing, "{activity}: {fault}");
    }
}
