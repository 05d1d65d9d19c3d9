//! Rows that pass from PostgreSQL to PostgreSQL as they are encoded, and into delimited text as the server's texts, verified by a
//! whole copy.

use serde_json::{Value, json};
use sluice_contract::job::{CopyOutcome, CopyProgress};
use sluice_contract::{Code, Fault, JobId, Object};
use sluice_copy::{Always, CopyJob, CopyOptions};
use sluice_store_core::{CommitKey, Connection, SinkRequest, SourceRequest, StoreProperties};
use sluice_tests::postgres::{PASSWORD, Postgres, USER};
use std::path::Path;
use std::sync::Arc;

fn object(value: Value) -> Object {
    value.as_object().cloned().unwrap()
}

async fn store(server: &Postgres) -> Result<Arc<dyn Connection>, Fault> {
    sluice_tests::init_tls();
    let mut properties = StoreProperties {
        kind: "PostgreSqlV2".to_owned(),
        public: object(
            json!({ "server": "127.0.0.1", "port": server.port, "database": "postgres", "username": USER, "sslMode": 0 }),
        ),
        ..StoreProperties::default()
    };
    properties.secrets.insert("password", PASSWORD);
    sluice_store_postgres::connector().connect(properties).await
}

fn table(name: &str) -> Object {
    object(json!({ "schema": "public", "table": name }))
}

async fn copy(server: &Postgres, from: &str, to: &str, settings: Value) -> Result<CopyOutcome, Fault> {
    let sink = SinkRequest {
        dataset_kind: "PostgreSqlV2Table".to_owned(),
        dataset: table(to),
        activity: object(json!({ "tableOption": "autoCreate" })),
        ..SinkRequest::default()
    };
    run(server, from, (store(server).await?, sink), settings).await
}

async fn run(
    server: &Postgres,
    from: &str,
    (sink, sink_request): (Arc<dyn Connection>, SinkRequest),
    settings: Value,
) -> Result<CopyOutcome, Fault> {
    let job = CopyJob {
        key: CommitKey {
            job: JobId::generate(),
            attempt: 1,
            token: 1,
        },
        source: store(server).await?,
        source_request: SourceRequest {
            dataset_kind: "PostgreSqlV2Table".to_owned(),
            dataset: table(from),
            ..SourceRequest::default()
        },
        sink,
        sink_request,
        logs: sluice_copy::LogStores::default(),
        options: CopyOptions::from_settings(&object(settings), 64 << 20)?,
        continuation: Default::default(),
    };
    let (progress, _watching) = tokio::sync::watch::channel(CopyProgress::default());
    sluice_copy::run(job, &Always, progress, Default::default()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passes_through_is_verified_like_everything_else() {
    let server = Postgres::start();
    let types = "id int8, amount numeric(15,2), name varchar(30), day date, at timestamptz";
    server
        .sql(&format!(
            "CREATE TABLE a ({types}); CREATE TABLE b ({types}); CREATE TABLE c ({types});
             INSERT INTO a SELECT g, g / 4.0, 'row ' || g, date '2020-01-01' + g % 900, now() FROM generate_series(1, 20000) g;
             CREATE FUNCTION louder() RETURNS trigger AS $$ BEGIN
                 IF NEW.id = 777 THEN NEW.name := upper(NEW.name); END IF; RETURN NEW; END $$ LANGUAGE plpgsql;
             CREATE TRIGGER louder BEFORE INSERT ON c FOR EACH ROW EXECUTE FUNCTION louder()"
        ))
        .await;
    let validated = || json!({ "validateDataConsistency": true });
    let mut hashes = Vec::new();
    // A table that is made, and one that is there.
    for to in ["made", "b"] {
        let outcome = copy(&server, "a", to, validated()).await.unwrap();
        assert_eq!(outcome.rows_copied, 20_000);
        assert!(!outcome.content_form.is_empty(), "{to}: the rows were decoded");
        let verified = &outcome.extra["dataConsistencyVerification"]["verified"];
        assert_eq!(verified, "rows and content", "{to}: {:?}", outcome.warnings);
        let differing = format!("SELECT count(*) FROM (TABLE a EXCEPT ALL TABLE {to}) x");
        assert_eq!(server.one(&differing).await, "0", "{to}");
        hashes.push((outcome.content_hash, outcome.columns));
    }
    assert_eq!(hashes[0], hashes[1]);

    // A table that changes what it is given.
    let fault = copy(&server, "a", "c", validated()).await.unwrap_err();
    assert_eq!(fault.code, Code::VerificationFailed, "{fault}");
    assert!(
        fault.message.contains("\"name\"") && !fault.message.contains("\"id\""),
        "{fault}"
    );
}

/// A copy into delimited text.
async fn into_text(server: &Postgres, folder: &Path, settings: Value) -> Result<CopyOutcome, Fault> {
    let properties = StoreProperties {
        kind: "FileServer".to_owned(),
        public: object(json!({ "host": folder })),
        ..StoreProperties::default()
    };
    let location = json!({ "type": "FileServerLocation", "fileName": "a.csv" });
    let sink = SinkRequest {
        dataset_kind: "DelimitedText".to_owned(),
        dataset: object(json!({ "location": location, "firstRowAsHeader": true })),
        ..SinkRequest::default()
    };
    let store = sluice_store_file::connector().connect(properties).await?;
    run(server, "a", (store, sink), settings).await
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_verified_by_the_values_that_they_mean() {
    let server = Postgres::start();
    server
        .sql(
            "CREATE TABLE a (id int8, amount numeric(15,2), name varchar(30), day date, at timestamptz, half float8);
             INSERT INTO a SELECT g, g / 4.0, 'row \"' || g, date '2020-01-01' + g % 900, now(), g / 2.0
                 FROM generate_series(1, 20000) g;
             INSERT INTO a VALUES (1), (2)",
        )
        .await;
    let folder = tempfile::tempdir().unwrap();
    let outcome = into_text(&server, folder.path(), json!({ "validateDataConsistency": true }))
        .await
        .unwrap();
    assert_eq!((outcome.rows_read, outcome.rows_copied), (20_002, 20_002));
    // Of the values: rows that came as they are encoded have another hash.
    assert_eq!(outcome.content_form, "");
    let verified = &outcome.extra["dataConsistencyVerification"]["verified"];
    assert_eq!(verified, "rows and content", "{:?}", outcome.warnings);
    let written = std::fs::read(folder.path().join("a.csv")).unwrap();
    assert!(written.starts_with(b"id,amount,name,day,at,half\r\n"));

    // Where rows may be left out they are decoded. The server's own encoding of a row is longer than its text.
    let settings = json!({ "validateDataConsistency": true, "enableSkipIncompatibleRow": true });
    let decoded = into_text(&server, folder.path(), settings).await.unwrap();
    assert!(decoded.bytes_read > outcome.bytes_read, "the rows were decoded in both");
    assert_eq!(std::fs::read(folder.path().join("a.csv")).unwrap().len(), written.len());
    assert_eq!(
        (decoded.content_hash, decoded.columns),
        (outcome.content_hash, outcome.columns)
    );
}
