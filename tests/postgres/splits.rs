//! Every row is read exactly once, however a source is split, and all of them in one state of the table.

use super::{Log, Shop, read};
use serde_json::{Value, json};
use sluice_contract::Code;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const SCRIPT: &str = "
    CREATE TABLE t (id int8 PRIMARY KEY, part int4, price numeric, cut numeric(12,2), day date, at timestamp, atz timestamptz);
    INSERT INTO t SELECT g, nullif(g % 17, 3), g / 7.0, g / 4.0, date '2020-02-27' + (g % 40)::int,
        timestamp '2020-01-01' + g * interval '1 hour', timestamptz '2020-01-01' - g * interval '1 minute'
        FROM generate_series(1, 3000) g;
    INSERT INTO t VALUES (9000000000000000000, NULL, NULL, NULL, NULL, NULL, NULL), (-9000000000000000000, 1, 'NaN', 1, NULL, NULL, NULL);
    CREATE TABLE p (id int4 NOT NULL, region text, name text) PARTITION BY LIST (region);
    CREATE TABLE p_north PARTITION OF p FOR VALUES IN ('north');
    CREATE TABLE p_south PARTITION OF p FOR VALUES IN ('south') PARTITION BY RANGE (id);
    CREATE TABLE p_south_low PARTITION OF p_south FOR VALUES FROM (MINVALUE) TO (5000);
    CREATE TABLE p_south_high PARTITION OF p_south FOR VALUES FROM (5000) TO (MAXVALUE);
    CREATE TABLE p_rest PARTITION OF p DEFAULT;
    INSERT INTO p SELECT g, CASE WHEN g % 10 = 0 THEN NULL WHEN g % 2 = 0 THEN 'north' ELSE 'south' END, 'name ' || g
        FROM generate_series(1, 20000) g;
    CREATE TABLE nobody (id int4) PARTITION BY RANGE (id);
    CREATE TABLE empty (id int4 PRIMARY KEY);
    ANALYZE";

fn range(column: Value, lower: Value, upper: Value) -> Value {
    json!({ "partitionOption": "DynamicRange", "partitionSettings": {
        "partitionColumnName": column, "partitionLowerBound": lower, "partitionUpperBound": upper } })
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_of_every_type_cover_every_row_once() {
    let shop = Shop::open(SCRIPT).await;
    let (whole, count) = read(
        shop.source("t", json!({ "partitionOption": "None" }), 4)
            .await
            .unwrap()
            .as_ref(),
    )
    .await
    .unwrap();
    assert_eq!((whole.len(), count), (3002, 1));
    for column in ["id", "part", "price", "cut", "day", "at", "ATZ"] {
        let source = shop
            .source("t", range(json!(column), Value::Null, Value::Null), 4)
            .await
            .unwrap();
        let (rows, count) = read(source.as_ref()).await.unwrap();
        assert_eq!(rows, whole, "{column}");
        assert!((2..=4).contains(&count), "{column}: {count}");
    }
    // Bounds only say where to cut.
    for (column, lower, upper) in [
        (json!(null), json!(100), json!("200")),
        (json!("day"), json!("2020-03-01"), json!("2020-03-05")),
        (json!("at"), json!("2020-01-02 00:00:00"), json!("2020-02-02")),
        (json!("cut"), json!("-5"), json!(10.5)),
    ] {
        let source = shop.source("t", range(column.clone(), lower, upper), 4).await.unwrap();
        let (rows, count) = read(source.as_ref()).await.unwrap();
        assert_eq!((rows == whole, count), (true, 4), "{column}");
    }
    let (rows, count) = read(
        shop.source("empty", range(json!(null), json!(null), json!(null)), 4)
            .await
            .unwrap()
            .as_ref(),
    )
    .await
    .unwrap();
    assert_eq!((rows.len(), count), (0, 1));
    for (table, activity, word) in [
        ("t", range(json!("nowhere"), json!(null), json!(null)), "nowhere"),
        ("t", range(json!("day"), json!("soon"), json!(null)), "soon"),
        ("p", range(json!(null), json!(null), json!(null)), "primary key"),
        ("p", range(json!("name"), json!(null), json!(null)), "text"),
        ("t", json!({ "isolationLevel": "Chaos" }), "Chaos"),
        ("t", json!({ "sqlReaderStoredProcedureName": "f" }), "SELECT * FROM"),
    ] {
        let fault = shop.source(table, activity, 4).await.err().unwrap();
        assert_eq!(fault.code, Code::PropertyMissing, "{fault}");
        assert!(fault.message.contains(word), "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_are_read_by_name_and_by_weight() {
    let shop = Shop::open(SCRIPT).await;
    let (whole, _) = read(
        shop.source("p", json!({ "partitionOption": "None" }), 1)
            .await
            .unwrap()
            .as_ref(),
    )
    .await
    .unwrap();
    assert_eq!(whole.len(), 20_000);
    let source = shop.source("p", json!({}), 8).await.unwrap();
    let (rows, count) = read(source.as_ref()).await.unwrap();
    assert_eq!(rows, whole);
    assert!((5..=12).contains(&count), "{count}");
    assert!(
        source
            .rows_expected()
            .is_some_and(|rows| (15_000..25_000).contains(&rows))
    );
    let physical = |names: Value| json!({ "partitionOption": "PhysicalPartitionsOfTable", "partitionSettings": { "partitionNames": names } });
    let (rows, count) = read(shop.source("p", physical(json!(null)), 2).await.unwrap().as_ref())
        .await
        .unwrap();
    assert_eq!((rows == whole, count), (true, 4));
    let (rows, count) = read(
        shop.source("p", physical(json!(["p_south", "p_rest"])), 2)
            .await
            .unwrap()
            .as_ref(),
    )
    .await
    .unwrap();
    assert_eq!((rows.len(), count), (12_000, 3));
    let fault = shop.source("p", physical(json!(["p_west"])), 2).await.err().unwrap();
    assert!(
        fault.message.contains("p_west") && fault.message.contains("p_north"),
        "{fault}"
    );
    let (rows, count) = read(shop.source("nobody", json!({}), 2).await.unwrap().as_ref())
        .await
        .unwrap();
    assert_eq!((rows.len(), count), (0, 1));
    // Somebody who may read the table, but not its partitions, still can.
    shop.server
        .sql("CREATE ROLE reader LOGIN; GRANT SELECT ON p TO reader; SET ROLE reader")
        .await;
    assert_eq!(
        shop.server
            .one("SELECT has_table_privilege('reader', 'p_north', 'SELECT')")
            .await,
        "f"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_take_the_placeholders_of_adf() {
    let shop = Shop::open(SCRIPT).await;
    let (whole, _) = read(
        shop.source("", json!({ "query": "SELECT id, part FROM t WHERE id > 50" }), 4)
            .await
            .unwrap()
            .as_ref(),
    )
    .await
    .unwrap();
    for query in [
        "SELECT id, part FROM t WHERE id > 50 AND ?AdfDynamicRangePartitionCondition -- by range",
        "SELECT id, part FROM t WHERE ?DfDynamicRangePartitionCondition AND id > 50;",
        "SELECT id, part FROM t WHERE id > 50",
        "SELECT id, part FROM t WHERE id > 50; -- done",
        "SELECT id, part FROM t WHERE id > 50 AND $$; --$$ <> 'x' /* ; */ ; /* a /* b */ c */",
    ] {
        let mut activity = range(json!("part"), json!(2), json!(12));
        activity["sqlReaderQuery"] = json!(query);
        let source = shop.source("", activity, 3).await.unwrap();
        let (rows, count) = read(source.as_ref()).await.unwrap();
        assert_eq!((rows == whole, count), (true, 3), "{query}");
        // Without ranges the placeholder means everything.
        let (rows, count) = read(shop.source("", json!({ "query": query }), 3).await.unwrap().as_ref())
            .await
            .unwrap();
        assert_eq!((rows == whole, count), (true, 1), "{query}");
    }
    let by_name = json!({ "partitionOption": "PhysicalPartitionsOfTable",
        "query": "SELECT id FROM ?AdfTabularPartitionName WHERE id % 2 = 0" });
    let (rows, count) = read(shop.source("p", by_name, 2).await.unwrap().as_ref())
        .await
        .unwrap();
    assert_eq!((rows.len(), count), (10_000, 4));
}

/// Money is moved between accounts all the time; a sum that is not what it always was has seen half of a transfer.
#[tokio::test(flavor = "multi_thread")]
async fn all_partitions_see_one_state_under_a_writer() {
    let script = "CREATE TABLE accounts (id int4 PRIMARY KEY, amount int8 NOT NULL);
        INSERT INTO accounts SELECT g, 1000 FROM generate_series(1, 20000) g; ANALYZE accounts";
    let shop = Shop::open(script).await;
    let writer = shop.server.client().await;
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let writing = tokio::spawn(async move {
        let mut moves = 0_i32;
        while !stopped.load(Ordering::Relaxed) {
            // From the first blocks to the last ones and back: whole rows move through the file.
            let (from, to) = (moves % 5000 + 1, 20_000 - moves * 7 % 5000);
            let sql = format!(
                "BEGIN; UPDATE accounts SET amount = amount - 5 WHERE id = {from}; \
                 UPDATE accounts SET amount = amount + 5 WHERE id = {to}; \
                 DELETE FROM accounts WHERE id = {to}; INSERT INTO accounts VALUES ({to}, 1005); \
                 UPDATE accounts SET amount = (SELECT 20000000 - sum(amount) FROM accounts WHERE id <> 10000) WHERE id = 10000; COMMIT"
            );
            writer.batch_execute(&sql).await.unwrap();
            moves += 1;
        }
        moves
    });
    for activity in [
        json!({}),
        json!({ "isolationLevel": "Serializable" }),
        range(json!("id"), json!(null), json!(null)),
        json!({ "query": "SELECT * FROM accounts", "isolationLevel": "ReadCommitted" }),
    ] {
        let source = shop.source("accounts", activity.clone(), 4).await.unwrap();
        let (rows, _) = read(source.as_ref()).await.unwrap();
        let sum: i64 = rows
            .iter()
            .map(|row| row.split('|').nth(1).unwrap().parse::<i64>().unwrap())
            .sum();
        assert_eq!((rows.len(), sum), (20_000, 20_000_000), "{activity}");
        let said = source.warnings().join(" ");
        assert_eq!(
            said.contains("ReadCommitted"),
            activity["isolationLevel"] == "ReadCommitted",
            "{said}"
        );
    }
    stop.store(true, Ordering::Relaxed);
    assert!(writing.await.unwrap() > 4, "nothing was written meanwhile");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_arrow_cannot_hold_are_left_out_where_that_is_allowed() {
    let shop = Shop::open(
        "CREATE TABLE t (id int4, day date, price numeric(6,2), at time);
        INSERT INTO t SELECT g, '2024-01-01', 1.5, '10:00' FROM generate_series(1, 3000) g;
        UPDATE t SET day = 'infinity' WHERE id = 77; UPDATE t SET price = 'NaN' WHERE id IN (1, 2999);
        UPDATE t SET at = '24:00', day = '-infinity' WHERE id = 1500",
    )
    .await;
    let fault = read(shop.source("t", json!({}), 2).await.unwrap().as_ref())
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::DataInvalid);
    let log = Log::default();
    let rejects = log.rejects();
    let source = shop
        .source_with("t", json!({}), 2, Some(rejects.clone()))
        .await
        .unwrap();
    let (rows, _) = read(source.as_ref()).await.unwrap();
    assert_eq!((rows.len(), rejects.rows(), rejects.unread()), (2996, 4, 4));
    let mut all = log.all();
    all.sort();
    assert_eq!(all[0].0, "1,2024-01-01,,10:00:00");
    assert!(
        all[0].1.contains("\"price\"") && all[0].1.contains("NaN"),
        "{}",
        all[0].1
    );
    assert!(
        all.iter()
            .any(|(record, why)| record == "77,,1.50,10:00:00" && why.contains("infinity")),
        "{all:?}"
    );
}
