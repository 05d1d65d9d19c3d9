//! Whole copies, with their content verified.

use super::place::{object, properties};
use serde_json::{Value, json};
use sluice_contract::job::{CopyOutcome, CopyProgress};
use sluice_contract::{Fault, JobId};
use sluice_copy::{Always, CopyJob, CopyOptions, LogStores};
use sluice_store_core::{CommitKey, Connection, SinkRequest, SourceRequest, StoreProperties};
use sluice_tests::tds::TdsPeer;
use std::sync::Arc;

/// One end: a connection, a dataset of a type, and the activity's part.
struct End {
    connection: Arc<dyn Connection>,
    kind: &'static str,
    dataset: Value,
    activity: Value,
}

async fn table(peer: &TdsPeer, name: &str, activity: Value) -> End {
    let connector = sluice_store_sqlserver::connector();
    End {
        connection: connector.connect(properties(peer, json!({}))).await.unwrap(),
        kind: "SqlServerTable",
        dataset: json!({ "schema": "dbo", "table": name }),
        activity,
    }
}

async fn parquet(folder: &std::path::Path) -> End {
    let properties = StoreProperties {
        kind: "FileServer".to_owned(),
        public: object(json!({ "host": folder })),
        ..StoreProperties::default()
    };
    End {
        connection: sluice_store_file::connector().connect(properties).await.unwrap(),
        kind: "Parquet",
        dataset: json!({ "location": { "type": "FileServerLocation", "fileName": "t.parquet" } }),
        activity: json!({}),
    }
}

async fn copy(source: End, sink: End, settings: Value) -> Result<CopyOutcome, Fault> {
    let job = CopyJob {
        key: CommitKey {
            job: JobId::generate(),
            attempt: 1,
            token: 1,
        },
        source: source.connection,
        source_request: SourceRequest {
            dataset_kind: source.kind.to_owned(),
            dataset: object(source.dataset),
            activity: object(source.activity),
            ..SourceRequest::default()
        },
        sink: sink.connection,
        sink_request: SinkRequest {
            dataset_kind: sink.kind.to_owned(),
            dataset: object(sink.dataset),
            activity: object(sink.activity),
            ..SinkRequest::default()
        },
        logs: LogStores::default(),
        options: CopyOptions::from_settings(&object(settings), 64 << 20)?,
        continuation: Default::default(),
    };
    let (progress, _watching) = tokio::sync::watch::channel(CopyProgress::default());
    sluice_copy::run(job, &Always, progress, Default::default()).await
}

/// From a table into a file, from it into a table that is made, and from that into one that is there: the content is the same.
#[tokio::test(flavor = "multi_thread")]
async fn the_content_is_the_same_wherever_it_lies() {
    let peer = TdsPeer::start();
    peer.sql(
        "CREATE TABLE dbo.t (id int NOT NULL PRIMARY KEY, name nvarchar(40), code varchar(20), price money, amount decimal(38,10), \
         old datetime, stamp datetime2(7), zoned datetimeoffset(3), clock time(7), day date, raw varbinary(max), guid uniqueidentifier, \
         flag bit, wide float, doc xml)",
    );
    for from in (0..3000).step_by(500) {
        let row = |i: i32| {
            let (hour, name) = (
                i % 24,
                if i % 7 == 0 {
                    "NULL".to_owned()
                } else {
                    format!("'näme 🦀 {i}'")
                },
            );
            format!(
                "({i}, {name}, 'é {i}', '{i}.2500', '{i}.0000000001', '2024-02-29 {hour:02}:00:00.003', '2024-02-29 {hour:02}:00:00.0000001', \
                 '2024-02-29 {hour:02}:00:00.500 +02:00', '{hour:02}:59:59.1234567', '2024-02-29', 0x00ff, \
                 '6F9619FF-8B86-D011-B42D-{i:012}', {}, {i}.5, '<a>{i}</a>')",
                i % 2
            )
        };
        let rows: Vec<String> = (from..from + 500).map(row).collect();
        peer.sql(&format!("INSERT INTO dbo.t VALUES {}", rows.join(", ")));
    }
    peer.sql("CREATE TABLE dbo.there (id int NOT NULL PRIMARY KEY, name nvarchar(40), code varchar(20), price money, amount decimal(38,10), \
         old datetime, stamp datetime2(7), zoned datetimeoffset(3), clock time(7), day date, raw varbinary(max), guid uniqueidentifier, \
         flag bit, wide float, doc nvarchar(max))");
    let folder = tempfile::tempdir().unwrap();
    let validated = || json!({ "validateDataConsistency": true });
    let auto = json!({ "tableOption": "autoCreate" });
    let out = copy(
        table(&peer, "t", json!({})).await,
        parquet(folder.path()).await,
        json!({}),
    )
    .await
    .unwrap();
    let back = copy(
        parquet(folder.path()).await,
        table(&peer, "made", auto).await,
        validated(),
    )
    .await
    .unwrap();
    let across = copy(
        table(&peer, "made", json!({})).await,
        table(&peer, "there", json!({})).await,
        validated(),
    )
    .await
    .unwrap();
    let upsert = json!({ "writeBehavior": "upsert" });
    let again = copy(
        table(&peer, "t", json!({})).await,
        table(&peer, "there", upsert).await,
        validated(),
    )
    .await
    .unwrap();
    assert_eq!(out.rows_read, 3000);
    for outcome in [&back, &across, &again] {
        let verified = &outcome.extra["dataConsistencyVerification"]["verified"];
        assert_eq!(verified, "rows and content", "{:?}", outcome.warnings);
        assert_eq!(outcome.content_hash, out.content_hash);
    }
    assert!(
        out.warnings.iter().any(|text| text.contains("\"zoned\"")),
        "{:?}",
        out.warnings
    );
    // Made with the types that they had.
    let types = "SELECT type_name FROM sys.columns WHERE object_id = OBJECT_ID('dbo.made') ORDER BY column_id";
    let made = peer.column(types).join(" ");
    assert_eq!(
        made,
        "int nvarchar(40) nvarchar(max) money decimal(38,10) datetime datetime2(7) datetimeoffset(6) time(7) date varbinary(max) \
         uniqueidentifier bit float xml"
    );
    assert_eq!(peer.column("SELECT COUNT(*) FROM dbo.there"), ["3000"]);
    assert_eq!(peer.tables(), ["dbo.made", "dbo.sluice_commit", "dbo.t", "dbo.there"]);
}
