//! Partitions, and streams that are given up.

use super::{Shop, lines, read};
use futures::StreamExt;
use serde_json::json;
use sluice_contract::Code;
use sluice_tests::poll::until;
use std::time::Duration;

fn labels(source: &dyn sluice_store_core::Source) -> Vec<String> {
    source
        .partitions()
        .iter()
        .map(|partition| partition.label.clone())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_split_as_they_are_asked_to_be() {
    let shop = Shop::open().await;
    shop.server
        .sql(&[
            "CREATE TABLE t (id int unsigned, day date, name varchar(9), PRIMARY KEY (id, day)) PARTITION BY RANGE (id) \
             (PARTITION low VALUES LESS THAN (5000), PARTITION `h``igh` VALUES LESS THAN MAXVALUE)",
            "INSERT INTO t SELECT seq, '2024-01-01' + INTERVAL seq MOD 100 DAY, seq FROM seq_1_to_9999",
            "CREATE TABLE plain (name varchar(9), at datetime)",
            "INSERT INTO plain SELECT seq, IF(seq = 1, NULL, '2024-01-01' + INTERVAL seq HOUR) FROM seq_1_to_500",
            "CREATE VIEW v AS SELECT * FROM t",
            "CREATE TABLE old (id int PRIMARY KEY) ENGINE = MyISAM",
            "INSERT INTO old SELECT seq FROM seq_1_to_1000",
        ])
        .await;
    let physical = |names: serde_json::Value| json!({ "partitionOption": "PhysicalPartitionsOfTable", "partitionSettings": { "partitionNames": names } });
    let range =
        |settings: serde_json::Value| json!({ "partitionOption": "DynamicRange", "partitionSettings": settings });
    for (table, activity, expected, rows) in [
        (
            "t",
            json!({}),
            vec!["shop.t id 1-3333", "shop.t id 3334-6666", "shop.t id 6667-9999"],
            9999,
        ),
        ("t", json!({ "partitionOption": "None" }), vec!["shop.t"], 9999),
        (
            "t",
            physical(json!(null)),
            vec!["shop.t partition low", "shop.t partition h`igh"],
            9999,
        ),
        ("t", physical(json!(["low"])), vec!["shop.t partition low"], 4999),
        (
            "t",
            range(json!({ "partitionColumnName": "day" })),
            vec![
                "shop.t day 2024-01-01-2024-02-02",
                "shop.t day 2024-02-03-2024-03-06",
                "shop.t day 2024-03-07-2024-04-09",
            ],
            9999,
        ),
        (
            "t",
            range(json!({ "partitionLowerBound": 2000, "partitionUpperBound": "5000" })),
            vec!["shop.t id 2000-2999", "shop.t id 3000-3999", "shop.t id 4000-5000"],
            9999,
        ),
        ("plain", json!({}), vec!["shop.plain"], 500),
        ("v", json!({}), vec!["shop.v"], 9999),
        ("old", json!({}), vec!["shop.old"], 1000),
    ] {
        let source = shop
            .source(json!({ "table": table }), activity.clone(), 3)
            .await
            .unwrap();
        assert_eq!(labels(source.as_ref()), expected, "{activity}");
        assert_eq!(lines(&read(source.as_ref()).await.unwrap()).len(), rows, "{activity}");
    }
    let source = shop
        .source(
            json!({ "table": "plain" }),
            range(json!({ "partitionColumnName": "AT" })),
            2,
        )
        .await
        .unwrap();
    assert_eq!(source.partitions().len(), 2);
    let rows = lines(&read(source.as_ref()).await.unwrap());
    assert_eq!(rows.len(), 500);
    assert!(
        rows.contains(&"1|NULL".to_owned()),
        "rows without a value belong to a slice, too"
    );
    for (table, activity, word) in [
        ("t", physical(json!(["nope"])), "nope"),
        ("t", range(json!({ "partitionColumnName": "name" })), "name"),
        ("plain", range(json!({})), "primary key"),
        ("t", range(json!({ "partitionLowerBound": "x" })), "partitionLowerBound"),
        ("t", json!({ "zeroDatesAsNull": "x" }), "zeroDatesAsNull"),
        ("t", json!({ "sqlReaderStoredProcedureName": "p" }), "procedures"),
    ] {
        let fault = shop.source(json!({ "table": table }), activity, 3).await.err().unwrap();
        assert_eq!(fault.code, Code::PropertyMissing, "{fault}");
        assert!(fault.message.contains(word), "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_given_up_stops_the_server() {
    let shop = Shop::open().await;
    let query = "SELECT a.seq FROM seq_1_to_100000 AS a, seq_1_to_100000 AS b";
    let source = shop.source(json!({}), json!({ "query": query }), 1).await.unwrap();
    let mut batches = source.read(&source.partitions()[0]).await.unwrap();
    batches.next().await.unwrap().unwrap();
    // Nobody pulls, so nothing more is read than what the sockets hold.
    let read = source.bytes_read();
    assert!(read < 16 << 20, "{read} bytes were read for one batch");
    drop(batches);
    let running = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT a.seq%'";
    until("the query to be stopped", Duration::from_secs(30), || async {
        (shop.server.one(running).await == "0").then_some(())
    })
    .await;
    // A query that gives nothing for long is stopped, too.
    let source = shop
        .source(json!({}), json!({ "query": "SELECT SLEEP(600) AS s" }), 1)
        .await
        .unwrap();
    let mut batches = source.read(&source.partitions()[0]).await.unwrap();
    let sleeping = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT SLEEP%'";
    {
        let pull = batches.next();
        let seen = until("the query to run", Duration::from_secs(30), || async {
            (shop.server.one(sleeping).await == "1").then_some(())
        });
        futures::pin_mut!(pull, seen);
        futures::future::select(pull, seen).await;
    }
    drop(batches);
    until("the sleeper to be stopped", Duration::from_secs(30), || async {
        (shop.server.one(sleeping).await == "0").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_may_end_in_what_says_nothing() {
    let shop = Shop::open().await;
    for (query, expected) in [
        ("SELECT 5--3 AS n; -- done", "8"),
        ("SELECT '\\'; --' AS n ; # done", "'; --"),
        ("SELECT 1 AS n /* a; */; /* b */", "1"),
    ] {
        assert_eq!(shop.query(query).await.unwrap(), [expected], "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_cannot_leave_their_quotes() {
    let shop = Shop::open().await;
    let (table, column) = ("we`ird'; DROP TABLE `safe`; -- \\", "c`o'l\"; --\\");
    let quoted = |name: &str| format!("`{}`", name.replace('`', "``"));
    shop.server
        .sql(&[
            "CREATE TABLE safe (id int)",
            &format!(
                "CREATE TABLE {} (id int PRIMARY KEY, {} text)",
                quoted(table),
                quoted(column)
            ),
            &format!("INSERT INTO {} SELECT seq, 'x' FROM seq_1_to_1000", quoted(table)),
        ])
        .await;
    let source = shop.source(json!({ "table": table }), json!({}), 2).await.unwrap();
    assert_eq!(source.partitions().len(), 2, "{:?}", source.warnings());
    let batches = read(source.as_ref()).await.unwrap();
    assert_eq!(lines(&batches).len(), 1000);
    let other = format!("{table} too");
    let create = json!({ "tableOption": "autoCreate" });
    shop.write(&other, create, &batches[0]).await.unwrap();
    shop.write(&other, json!({}), &batches[0]).await.unwrap();
    let count = format!("SELECT COUNT(*) FROM {}", quoted(&other));
    assert_eq!(shop.server.one(&count).await, (2 * batches[0].num_rows()).to_string());
    assert!(shop.tables().await.contains(&"safe".to_owned()));
    let fault = shop.table("nope' OR '1'='1").await.unwrap_err();
    assert!(matches!(fault.code, Code::TableNotFound), "{fault}");
}
