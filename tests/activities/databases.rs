//! Lookup, Script, GetMetadata and stored procedures in databases.

use super::Desk;
use serde_json::json;
use sluice_contract::Code;
use sluice_contract::job::Task;
use sluice_tests::mariadb::{self, MariaDb};
use sluice_tests::postgres::{self, Postgres};

async fn in_postgres(server: &Postgres, table: &str) -> Desk {
    let properties = json!({ "server": "127.0.0.1", "port": server.port, "database": "postgres",
        "username": postgres::USER, "sslMode": 0 });
    let connector = sluice_store_postgres::connector();
    let dataset = json!({ "schema": "public", "table": table });
    Desk::open(
        connector,
        "PostgreSqlV2",
        properties,
        postgres::PASSWORD,
        "PostgreSqlV2Table",
        dataset,
    )
    .await
}

async fn in_mariadb(server: &MariaDb, table: &str) -> Desk {
    let properties = json!({ "server": "127.0.0.1", "port": server.port, "database": mariadb::DATABASE,
        "username": mariadb::USER });
    let connector = sluice_store_mysql::connector();
    let dataset = json!({ "table": table });
    Desk::open(
        connector,
        "MariaDB",
        properties,
        mariadb::PASSWORD,
        "MariaDBTable",
        dataset,
    )
    .await
}

fn sqlite() -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let made = rusqlite::Connection::open(&path).unwrap();
    made.execute_batch("CREATE TABLE marks (name TEXT, value INTEGER); INSERT INTO marks VALUES ('a', 1), ('b', 2)")
        .unwrap();
    (dir, path)
}

async fn in_sqlite(path: &std::path::Path) -> Desk {
    let connector = sluice_store_sqlite::connector();
    let dataset = json!({ "table": "marks" });
    Desk::open(connector, "Sqlite", json!({ "path": path }), "", "SqliteTable", dataset).await
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_postgres_are_exact() {
    let server = Postgres::start();
    server
        .sql(
            "CREATE TABLE marks (id bigint, price numeric, at timestamptz, plain timestamp, day date, flag boolean,
               bytes bytea, name text, small real, nothing int, tags text[]);
             INSERT INTO marks VALUES (9223372036854775807, 12345678901234567890.12, '2024-05-01 12:00:00+02',
               '2024-05-01 10:20:30.5', '2024-05-01', true, '\\x00ff', E'ä\"''', 0.1, NULL, '{a,b}')",
        )
        .await;
    let desk = in_postgres(&server, "marks").await;
    let row = json!({ "id": i64::MAX, "price": "12345678901234567890.12", "at": "2024-05-01T10:00:00Z",
        "plain": "2024-05-01T10:20:30.5Z", "day": "2024-05-01T00:00:00Z", "flag": true, "bytes": "AP8=",
        "name": "ä\"'", "small": 0.1, "nothing": null, "tags": "{a,b}" });
    assert_eq!(desk.lookup(json!({}), true).await.unwrap(), json!({ "firstRow": row }));
    let query = json!({ "type": "PostgreSqlV2Source", "query": "SELECT id, 1.50 AS n FROM marks WHERE false;" });
    assert_eq!(desk.lookup(query.clone(), true).await.unwrap(), json!({}));
    assert_eq!(
        desk.lookup(query, false).await.unwrap(),
        json!({ "count": 0, "value": [] })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lookup_ends_at_the_limits_of_data_factory() {
    let server = Postgres::start();
    let desk = in_postgres(&server, "marks").await;
    let query = |text: &str| json!({ "query": text });
    let many = desk
        .lookup(query("SELECT n FROM generate_series(1, 6000) n"), false)
        .await
        .unwrap();
    assert_eq!(
        (&many["count"], many["value"].as_array().unwrap().len()),
        (&json!(5000), 5000)
    );
    assert_eq!(many["value"][4999], json!({ "n": 5000 }));
    let large = desk
        .lookup(
            query("SELECT repeat('x', 1000) AS t FROM generate_series(1, 4999)"),
            false,
        )
        .await;
    assert_eq!(large.unwrap_err().code, Code::OutputTooLarge);
    // A billion rows are not waited for when the first is all that is wanted.
    let first = desk
        .lookup(query("SELECT generate_series(1, 1000000000) AS n"), true)
        .await
        .unwrap();
    assert_eq!(first, json!({ "firstRow": { "n": 1 } }));
    for (text, code) in [
        ("SELECT * FROM nowhere", Code::TableNotFound),
        ("SELEC 1", Code::QueryFailed),
    ] {
        assert_eq!(desk.lookup(query(text), true).await.unwrap_err().code, code, "{text}");
    }
}

/// The same script in every database.
async fn script_works(desk: &Desk, sign: &str) {
    let insert = format!(
        "INSERT INTO marks (name, value) VALUES ({sign}name, {sign}value); UPDATE marks SET value = value + 1 WHERE name = {sign}name"
    );
    let nasty = "x'; DROP TABLE marks; -- \\";
    let output = desk
        .script(json!([
            { "type": "NonQuery", "text": "DELETE FROM marks WHERE name = 'nobody'" },
            { "type": "NonQuery", "text": insert, "parameters": [
                { "name": "name", "type": "String", "value": nasty },
                { "name": "value", "type": "Int32", "value": 41 } ] },
            { "type": "Query", "text": "SELECT name, value FROM marks ORDER BY value; SELECT 1 AS one -- ;" },
        ]))
        .await
        .unwrap();
    let rows = json!([{ "name": "a", "value": 1 }, { "name": "b", "value": 2 }, { "name": nasty, "value": 42 }]);
    assert_eq!(output["resultSetCount"], 2, "{output}");
    assert_eq!(output["resultSets"][0], json!({ "rowCount": 3, "rows": rows }));
    assert_eq!(output["resultSets"][1]["rows"], json!([{ "one": 1 }]));
    assert_eq!(
        (&output["recordsAffected"], &output["outputTruncated"]),
        (&json!(2), &json!(false))
    );
    // What ran before the fault stays done, and nothing is run twice.
    let failed = desk
        .script(json!([
            { "type": "NonQuery", "text": "UPDATE marks SET value = 7 WHERE name = 'a'" },
            { "type": "Query", "text": "SELECT * FROM marks WHERE no_such_column = 1" },
        ]))
        .await;
    assert_eq!(failed.unwrap_err().code, Code::QueryFailed);
    let first = desk
        .lookup(json!({ "query": "SELECT value FROM marks WHERE name = 'a'" }), true)
        .await;
    assert_eq!(first.unwrap(), json!({ "firstRow": { "value": 7 } }));
    let found = desk.metadata(&["exists", "columnCount", "structure"]).await.unwrap();
    assert_eq!(
        (&found["exists"], &found["columnCount"]),
        (&json!(true), &json!(2)),
        "{found}"
    );
    assert_eq!(found["structure"][0], json!({ "name": "name", "type": "String" }));
}

async fn missing_table(desk: Desk) {
    assert_eq!(desk.metadata(&["exists"]).await.unwrap(), json!({ "exists": false }));
    assert_eq!(
        desk.metadata(&["structure"]).await.unwrap_err().code,
        Code::TableNotFound
    );
    let refused = desk.run(Task::Delete, json!({}), json!({})).await.unwrap_err();
    assert_eq!(refused.code, Code::TaskUnsupported);
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_in_postgres() {
    let server = Postgres::start();
    server
        .sql(
            "CREATE TABLE marks (name text, value int); INSERT INTO marks VALUES ('a', 1), ('b', 2);
              CREATE PROCEDURE put(the_name text, the_value int) LANGUAGE plpgsql AS
                $$ BEGIN INSERT INTO marks VALUES (the_name, the_value); END $$",
        )
        .await;
    script_works(&in_postgres(&server, "marks").await, "@").await;
    missing_table(in_postgres(&server, "nowhere").await).await;
    let call = json!({ "storedProcedureName": "public.put", "storedProcedureParameters": {
        "the_name": { "value": "it's", "type": "String" }, "the_value": { "value": "5", "type": "Int32" } } });
    let desk = in_postgres(&server, "marks").await;
    let output = desk.run(Task::SqlServerStoredProcedure, json!({}), call).await.unwrap();
    assert_eq!(output, json!({}));
    assert_eq!(server.one("SELECT value FROM marks WHERE name = 'it''s'").await, "5");
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_and_procedures_in_mariadb() {
    let server = MariaDb::start();
    server
        .sql(&[
            "CREATE TABLE marks (name varchar(100), value int)",
            "INSERT INTO marks VALUES ('a', 1), ('b', 2)",
            "CREATE TABLE all_kinds (big bigint unsigned, price decimal(30,2), at datetime(3), bytes varbinary(9), bits bit(9))",
            "INSERT INTO all_kinds VALUES (18446744073709551615, 1.50, '2024-05-01 10:20:30.250', x'00ff', b'100000001')",
            "CREATE PROCEDURE put(the_name text, the_value int) BEGIN INSERT INTO marks VALUES (the_name, the_value);
               SELECT * FROM marks; SELECT 2 AS two; END",
        ])
        .await;
    script_works(&in_mariadb(&server, "marks").await, "@").await;
    let kinds = in_mariadb(&server, "all_kinds")
        .await
        .lookup(json!({}), true)
        .await
        .unwrap();
    let row = json!({ "big": u64::MAX, "price": 1.5, "at": "2024-05-01T10:20:30.25Z", "bytes": "AP8=", "bits": 257 });
    assert_eq!(kinds, json!({ "firstRow": row }));
    missing_table(in_mariadb(&server, "nowhere").await).await;
    let desk = in_mariadb(&server, "marks").await;
    let call = json!({ "storedProcedureName": "put", "storedProcedureParameters": {
        "the_name": { "value": "it's" }, "the_value": { "value": 5 } } });
    desk.run(Task::SqlServerStoredProcedure, json!({}), call).await.unwrap();
    assert_eq!(server.one("SELECT value FROM marks WHERE name = 'it''s'").await, "5");
    // The results of a procedure are told apart.
    let output = desk
        .script(json!([{ "type": "Query", "text": "CALL put('z', 0)" }]))
        .await
        .unwrap();
    assert_eq!(output["resultSetCount"], 2, "{output}");
    assert_eq!(output["resultSets"][1]["rows"], json!([{ "two": 2 }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_in_sqlite() {
    let (_dir, path) = sqlite();
    let desk = in_sqlite(&path).await;
    script_works(&desk, "@").await;
    let call = json!({ "storedProcedureName": "p" });
    let refused = desk
        .run(Task::SqlServerStoredProcedure, json!({}), call)
        .await
        .unwrap_err();
    assert_eq!(refused.code, Code::TaskUnsupported);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_is_not_waited_for_ends_on_the_server() {
    let server = Postgres::start();
    let desk = in_postgres(&server, "marks").await;
    let scripts = json!([{ "type": "Query", "text": "SELECT pg_sleep(600) AS slept" }]);
    let begun =
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600) AS slept%' AND state = 'active'";
    let began = async {
        while server.one(begun).await != "1" {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    // The one that is not done is dropped.
    tokio::select! {
        done = desk.script(scripts) => panic!("{done:?}"),
        () = began => {}
    }
    sluice_tests::poll::until(
        "the end of the statement",
        std::time::Duration::from_secs(30),
        || async { (server.one(begun).await == "0").then_some(()) },
    )
    .await;
}
