//! What the fault tests share: a table, its digest at every place it is copied to, retries, and histories that add up.

use serde_json::{Value, json};
use sluice_tests::documents::{End, copy_pipeline, make_copy};
use sluice_tests::mariadb::{DATABASE, MariaDb, PASSWORD, USER};
use sluice_tests::postgres::Postgres;
use sluice_tests::rest::Rest;
use sluice_tests::{poll::until, python};
use std::path::Path;
use std::time::Duration;

/// A run that loses its node waits for the end of a lease, and several may be lost.
pub(super) const PATIENCE: Duration = Duration::from_secs(300);

/// Makes a table `big` of so many rows of some hundred bytes.
pub(super) async fn fill(server: &Postgres, rows: u32) {
    server
        .sql(&format!(
            "CREATE TABLE big AS SELECT g AS id, repeat(md5(g::text), 3) AS text FROM generate_series(1, {rows}) g;
             ALTER TABLE big ADD PRIMARY KEY (id)"
        ))
        .await;
}

/// The number of rows of a table and a digest of all of them.
pub(super) async fn digest(server: &Postgres, table: &str) -> String {
    let query = format!(
        "SELECT count(*) || ' ' || coalesce(md5(string_agg(id || ' ' || text, E'\\n' ORDER BY id)), '') FROM {table}"
    );
    server.one(&query).await
}

/// The same of a table of MariaDB.
pub(super) async fn mariadb_digest(server: &MariaDb, table: &str) -> String {
    let query = format!(
        "SELECT CONCAT(COUNT(*), ' ', COALESCE(MD5(GROUP_CONCAT(CONCAT(id, ' ', text) ORDER BY id SEPARATOR '\\n')), '')) \
         FROM {table}"
    );
    // In one session, as the limit belongs to it.
    let mut client = server.client().await;
    use mysql_async::prelude::Queryable;
    client
        .query_drop("SET group_concat_max_len = 1073741824")
        .await
        .unwrap();
    client.query_first::<String, _>(query).await.unwrap().unwrap()
}

/// The same of a Parquet file, by pyarrow's eyes.
pub(super) fn parquet_digest(file: &Path) -> String {
    let told = python::json("faults/parquet_digest.py", &[file.to_str().unwrap()]);
    told.as_str().unwrap().to_owned()
}

/// Staging that is left in a database.
pub(super) async fn staged(server: &Postgres) -> String {
    server
        .one("SELECT coalesce(string_agg(relname, ','), '') FROM pg_class WHERE relkind = 'r' AND relname LIKE '\\_sluice\\_%'")
        .await
}

/// Waits until none is.
pub(super) async fn nothing_is_staged(server: &Postgres) {
    until("staging to be removed", Duration::from_secs(30), || async {
        staged(server).await.is_empty().then_some(())
    })
    .await;
}

/// A table of MariaDB, to be read or written.
pub(super) fn mariadb_end(port: u16, table: &str, activity: Value) -> End {
    End {
        service: "MariaDB",
        properties: json!({
            "server": "127.0.0.1", "port": port, "database": DATABASE, "username": USER, "sslMode": 0,
            "password": { "type": "SecureString", "value": PASSWORD },
        }),
        dataset: "MariaDBTable",
        table: json!({ "tableName": table }),
        activity,
    }
}

/// Makes a copy that is tried again so often, without much of a pause.
pub(super) async fn make(rest: &Rest, name: &str, source: &End, sink: &End, retries: u32) {
    make_copy(rest, "onprem", name, source, sink).await;
    let mut pipeline = copy_pipeline(name, source, sink);
    pipeline["properties"]["activities"][0]["policy"] =
        json!({ "timeout": "0.00:10:00", "retry": retries, "retryIntervalInSeconds": 1 });
    rest.put(&format!("pipelines/{name}"), &pipeline).await.ok();
}

/// Waits for the end of a run that has to succeed, and checks that its history tells every attempt.
pub(super) async fn succeeds(rest: &Rest, run: &str) -> Value {
    let activity = rest.end_of(run, PATIENCE).await;
    assert_eq!(activity["status"], "Succeeded", "{activity:#}");
    told(&activity);
    activity
}

/// The attempts of an activity that is over: the numbers go up, the tokens, too, all but the last have failed or been lost,
/// and a failure says why.
pub(super) fn told(activity: &Value) -> usize {
    let attempts = activity["attempts"]
        .as_array()
        .unwrap_or_else(|| panic!("{activity:#}"));
    let (last, earlier) = attempts.split_last().unwrap_or_else(|| panic!("{activity:#}"));
    assert_eq!(last["status"], activity["status"], "{activity:#}");
    for (one, next) in attempts.iter().zip(&attempts[1..]) {
        assert!(one["attempt"].as_u64() < next["attempt"].as_u64(), "{activity:#}");
        assert!(one["token"].as_u64() < next["token"].as_u64(), "{activity:#}");
    }
    for one in earlier {
        let status = one["status"].as_str().unwrap();
        assert!(["Failed", "Lost", "GivenBack"].contains(&status), "{activity:#}");
        assert!(one["ended"].is_string(), "{activity:#}");
        if status == "Failed" {
            assert!(
                one["errorCode"].as_str().is_some_and(|code| code.starts_with("SL")),
                "{activity:#}"
            );
            assert!(
                one["message"].as_str().is_some_and(|text| !text.is_empty()),
                "{activity:#}"
            );
        }
    }
    let failed = earlier.iter().filter(|one| one["status"] == "Failed").count() as u64;
    assert_eq!(
        activity["retryAttempt"].as_u64().unwrap_or_default(),
        failed,
        "{activity:#}"
    );
    attempts.len()
}
