//! Inputs without rows: what is known of their columns is kept, and where nothing is, no rows are copied all the same.

use super::bench::{Copy, End, Folder, object, properties};
use serde_json::{Value, json};
use sluice_contract::Code;
use sluice_contract::job::CopyOutcome;
use sluice_tests::mariadb::MariaDb;
use sluice_tests::postgres::Postgres;
use sluice_tests::tds::TdsPeer;

const CSV: &str = "DelimitedText";

/// A copy of one file, of this dataset, into another one.
fn job(
    folder: &Folder,
    (kind, text, dataset): (&'static str, &str, Value),
    (sink_kind, sink): (&'static str, &End),
    settings: Value,
) -> Copy {
    folder.put("in/in.txt", text);
    let mut job = Copy::new(&folder.end("in").file("in.txt").dataset(dataset), sink).settings(settings);
    job.kinds = (kind, sink_kind);
    job
}

fn nothing(outcome: &CopyOutcome) {
    assert_eq!(
        (outcome.rows_read, outcome.rows_copied, outcome.rows_skipped),
        (0, 0, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_without_rows_become_files_without_rows() {
    let folder = Folder::new();
    let headed = json!({ "firstRowAsHeader": true });
    let listed = json!({ "firstRowAsHeader": true, "schema": [{ "name": "id", "type": "Int32" }, { "name": "name" }] });
    let mapped = json!({ "translator": { "type": "TabularTranslator", "mappings": [
        { "source": { "name": "id" }, "sink": { "name": "ID" } },
        { "source": { "name": "name", "type": "String" }, "sink": { "name": "NAME" } },
    ] } });
    let by_place = json!({ "translator": { "type": "TabularTranslator", "mappings": [
        { "source": { "ordinal": 2 }, "sink": { "name": "second" } },
    ] } });
    let added = json!({ "validateDataConsistency": true });
    for (kind, text, dataset, sink, activity, settings, expected) in [
        (CSV, "", &headed, CSV, json!({}), &json!({}), ""),
        (CSV, "", &json!({}), CSV, json!({}), &added, ""),
        (CSV, "id,name\n", &headed, CSV, json!({}), &added, "id,name\r\n"),
        (CSV, "", &listed, CSV, json!({}), &json!({}), "id,name\r\n"),
        (CSV, "", &headed, CSV, json!({}), &mapped, "ID,NAME\r\n"),
        (CSV, "", &json!({}), CSV, json!({}), &by_place, "second\r\n"),
        (CSV, "", &headed, "Json", json!({}), &added, ""),
        (
            CSV,
            "",
            &headed,
            "Json",
            json!({ "formatSettings": { "filePattern": "arrayOfObjects" } }),
            &added,
            "[]",
        ),
        ("Json", "", &json!({}), CSV, json!({}), &added, ""),
        ("Json", "[]", &json!({}), CSV, json!({}), &json!({}), ""),
        ("Json", " [ ]\n", &json!({}), "Json", json!({}), &json!({}), ""),
        ("Json", "\n\n", &json!({}), "Json", json!({}), &json!({}), ""),
        ("Json", "[]", &json!({}), CSV, json!({}), &mapped, "ID,NAME\r\n"),
    ] {
        let out = folder
            .end("out")
            .file("out.txt")
            .dataset(json!({ "firstRowAsHeader": true, "quoteAllText": false }));
        let out = out.activity(activity);
        let outcome = job(&folder, (kind, text, dataset.clone()), (sink, &out), settings.clone())
            .run()
            .await;
        nothing(&outcome.unwrap_or_else(|fault| panic!("{kind} {text:?} {settings}: {fault}")));
        let written = String::from_utf8(folder.all("out")["out.txt"].clone()).unwrap();
        assert_eq!(
            written.replace('"', "").trim_end_matches('\n').trim_end(),
            expected.trim_end(),
            "{kind} {text:?} {settings}"
        );
        assert_eq!(
            written.is_empty(),
            expected.is_empty(),
            "{kind} {text:?} {settings}: {written:?}"
        );
    }
    // These have no form without columns.
    for sink in ["Parquet", "Avro"] {
        let out = folder.end("none");
        let fault = job(&folder, ("Json", "[]", json!({})), (sink, &out), json!({}))
            .run()
            .await
            .unwrap_err();
        assert_eq!(fault.code, Code::SchemaMismatch, "{fault}");
        assert!(
            fault.message.contains("empty") && fault.message.contains("translator.mappings"),
            "{fault}"
        );
        let outcome = job(&folder, ("Json", "[]", json!({})), (sink, &out), mapped.clone())
            .run()
            .await;
        nothing(&outcome.unwrap());
    }
    assert_eq!(folder.names("none").len(), 2);
}

/// Rows are never passed over because the columns are not known.
#[tokio::test(flavor = "multi_thread")]
async fn rows_without_columns_are_no_empty_input() {
    let folder = Folder::new();
    for text in ["{}", "[{}]", "[null]", "{\"a\":", "x"] {
        let out = folder.end("out");
        let fault = job(&folder, ("Json", text, json!({})), (CSV, &out), json!({}))
            .run()
            .await
            .unwrap_err();
        assert_eq!(fault.code, Code::DataInvalid, "{text}: {fault}");
    }
    assert_eq!(folder.names("out").len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_are_there_take_no_rows_of_empty_files() {
    let (postgres, mariadb, peer, folder) = (Postgres::start(), MariaDb::start(), TdsPeer::start(), Folder::new());
    let columns = "id int PRIMARY KEY, name varchar(9) NOT NULL, day date";
    let insert = "INSERT INTO t (id, name) VALUES (1, 'a'), (2, 'b')";
    postgres
        .sql(&format!("CREATE TABLE t ({columns}, more int[]); {insert}"))
        .await;
    mariadb
        .sql(&[&format!("CREATE TABLE t ({columns}, more geometry)"), insert])
        .await;
    peer.sql("CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, name varchar(9) NOT NULL, day date)");
    peer.sql("INSERT INTO dbo.t (id, name) VALUES (1, 'a'), (2, 'b')");
    let database = folder.path("data.db");
    rusqlite::Connection::open(&database)
        .unwrap()
        .execute_batch(&format!("CREATE TABLE t ({columns}); {insert}"))
        .unwrap();
    let with = |mut made: sluice_store_core::StoreProperties, password: &str| {
        made.secrets.insert("password", password);
        made
    };
    let ends = [
        (
            "PostgreSqlV2Table",
            sluice_store_postgres::connector(),
            with(
                properties(
                    "PostgreSqlV2",
                    json!({ "server": "127.0.0.1", "port": postgres.port, "database": "postgres",
                    "username": sluice_tests::postgres::USER, "sslMode": 0 }),
                ),
                sluice_tests::postgres::PASSWORD,
            ),
        ),
        (
            "MariaDBTable",
            sluice_store_mysql::connector(),
            with(
                properties(
                    "MariaDB",
                    json!({ "server": "127.0.0.1", "port": mariadb.port,
                    "database": sluice_tests::mariadb::DATABASE, "username": sluice_tests::mariadb::USER }),
                ),
                sluice_tests::mariadb::PASSWORD,
            ),
        ),
        (
            "SqlServerTable",
            sluice_store_sqlserver::connector(),
            with(
                properties(
                    "SqlServer",
                    json!({ "server": format!("127.0.0.1,{}", peer.port),
                    "database": sluice_tests::tds::DATABASE, "userName": sluice_tests::tds::USER,
                    "caCertificate": peer.identity.ca_pem }),
                ),
                sluice_tests::tds::PASSWORD,
            ),
        ),
        (
            "SqliteTable",
            sluice_store_sqlite::connector(),
            properties("Sqlite", json!({ "path": database })),
        ),
    ];
    for (kind, connector, properties) in ends {
        let end = |table: &str, activity: Value| End {
            connector: connector.clone(),
            properties: properties.clone(),
            dataset: object(json!({ "table": table })),
            activity: object(activity),
        };
        for (source, text, settings) in [
            (CSV, "", json!({})),
            (CSV, "", json!({ "validateDataConsistency": true })),
            (CSV, "", json!({ "enableSkipIncompatibleRow": true })),
            ("Json", "[]", json!({})),
        ] {
            let table = end("t", json!({ "preCopyScript": "DELETE FROM t WHERE id = 1" }));
            let outcome = job(
                &folder,
                (source, text, json!({ "firstRowAsHeader": true })),
                (kind, &table),
                settings,
            )
            .run()
            .await;
            nothing(&outcome.unwrap_or_else(|fault| panic!("{kind} {source}: {fault}")));
        }
        let direct = end("t", json!({}));
        nothing(
            &job(&folder, ("Json", "", json!({})), (kind, &direct), json!({}))
                .run()
                .await
                .unwrap(),
        );
        let upsert = end(
            "t",
            json!({ "writeBehavior": "upsert", "upsertSettings": { "keys": ["id"] } }),
        );
        nothing(
            &job(&folder, ("Json", "", json!({})), (kind, &upsert), json!({}))
                .run()
                .await
                .unwrap(),
        );
        let made = end("made", json!({ "tableOption": "autoCreate" }));
        let fault = job(&folder, (CSV, "", json!({})), (kind, &made), json!({}))
            .run()
            .await
            .unwrap_err();
        assert_eq!(fault.code, Code::SchemaMismatch, "{kind}: {fault}");
        assert!(
            fault.message.contains("made") && fault.message.contains("`schema`"),
            "{kind}: {fault}"
        );
        let listed = json!({ "schema": [{ "name": "id", "type": "Int32" }] });
        nothing(
            &job(&folder, (CSV, "", listed), (kind, &made), json!({}))
                .run()
                .await
                .unwrap(),
        );
    }
    // The script ran, and nothing else.
    assert_eq!(postgres.one("SELECT string_agg(id || name, ',') FROM t").await, "2b");
    assert_eq!(mariadb.rows("SELECT id, name FROM t").await, ["2|b"]);
    assert_eq!(peer.column("SELECT name FROM dbo.t"), ["b"]);
    assert_eq!(mariadb.one("SELECT COUNT(*) FROM made").await, "0");
}
