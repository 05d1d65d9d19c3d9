//! Reading.

use super::place::{Log, connect, object, read, row, source};
use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, Decimal128Type, Float64Type, Int32Type, TimeUnit, TimestampMillisecondType, TimestampSecondType,
};
use futures::StreamExt;
use serde_json::json;
use sluice_contract::Code;
use sluice_store_core::{Rejects, SourceRequest};
use sluice_tests::poll;
use sluice_tests::tds::TdsPeer;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const EVERY_TYPE: &str = "CREATE TABLE dbo.every (id int NOT NULL PRIMARY KEY, flag bit NOT NULL, tiny tinyint NOT NULL, \
     small smallint NOT NULL, big bigint NOT NULL, single real NOT NULL, wide float NOT NULL, amount decimal(38,38) NOT NULL, \
     price money NOT NULL, coin smallmoney NOT NULL, day date NOT NULL, clock time(7) NOT NULL, old datetime NOT NULL, \
     minute smalldatetime NOT NULL, stamp datetime2(7) NOT NULL, zoned datetimeoffset(7) NOT NULL, fixed char(5) NOT NULL, \
     text varchar(max) NOT NULL, nfixed nchar(3) NOT NULL, ntext nvarchar(50) NOT NULL, raw binary(4) NOT NULL, \
     bytes varbinary(max) NOT NULL, guid uniqueidentifier NOT NULL, doc xml NOT NULL, version rowversion NOT NULL, \
     tree hierarchyid NOT NULL)";
const EVERY_VALUE: &str = "1, 255, -32768, -9223372036854775808, 0.5, -1e300, '0.99999999999999999999999999999999999999', \
     '-922337203685477.5808', '214748.3647', '0001-01-01', '23:59:59.9999999', '1753-01-01 00:00:00.003', \
     '2079-06-06 23:59:00', '2262-04-11 23:47:16.8547758', '2024-02-29 01:00:00.0000001 +02:00', 'abc', 'é€', 'x', '漢字 🦀', 0x00ff, \
     0x0102, '6F9619FF-8B86-D011-B42D-00C04FC964FF', '<a>1</a>', 0x00000000000007D1, 0x2F312F322F";

#[tokio::test(flavor = "multi_thread")]
async fn every_type_and_its_edges() {
    let peer = TdsPeer::start();
    // Once with columns of the fixed forms, and once with NULLs.
    peer.sql(EVERY_TYPE);
    peer.sql(
        &EVERY_TYPE
            .replace("dbo.every", "dbo.maybe")
            .replace(" NOT NULL,", ",")
            .replace("tree hierarchyid NOT NULL", "tree hierarchyid"),
    );
    for table in ["every", "maybe"] {
        peer.sql(&format!("INSERT INTO dbo.{table} VALUES (1, {EVERY_VALUE})"));
    }
    peer.sql("INSERT INTO dbo.maybe (id) VALUES (2)");
    let source = source(&peer, "dbo.every", json!({}), 1).await.unwrap();
    let types: Vec<String> = source
        .schema()
        .fields()
        .iter()
        .map(|field| field.data_type().to_string())
        .collect();
    let nano = |zone: Option<&str>| DataType::Timestamp(TimeUnit::Nanosecond, zone.map(Into::into)).to_string();
    assert_eq!(
        types[1..9].join(" "),
        "Boolean UInt8 Int16 Int64 Float32 Float64 Decimal128(38, 38) Decimal128(19, 4)"
    );
    assert_eq!((types[14].clone(), types[15].clone()), (nano(None), nano(Some("UTC"))));
    assert!(
        source
            .warnings()
            .iter()
            .any(|text| text.contains("offsets of \"zoned\"")),
        "{:?}",
        source.warnings()
    );

    for table in ["every", "maybe"] {
        let batch = read(self::source(&peer, table, json!({}), 1).await.unwrap().as_ref())
            .await
            .unwrap();
        let shown = row(&batch, 0);
        for expected in [
            "1 | true | 255 | -32768 | -9223372036854775808 | 0.5 | -1e300 |",
            "0.99999999999999999999999999999999999999",
            "-922337203685477.5808 | 214748.3647 | 0001-01-01 | 23:59:59.999999900 | 1753-01-01T00:00:00.003 | 2079-06-06T23:59:00",
            "2262-04-11T23:47:16.854775800",
            "2024-02-28T23:00:00.000000100Z",
            "abc   | é€ | x   | 漢字 🦀 | 00ff0000 | 0102 | 6f9619ff-8b86-d011-b42d-00c04fc964ff | <a>1</a> | 00000000000007d1 | /1/2/",
        ] {
            assert!(shown.contains(expected), "{table}: no {expected:?} in\n{shown}");
        }
        if table == "maybe" {
            assert!(
                (1..batch.num_columns()).all(|column| batch.column(column).is_null(1)),
                "NULLs"
            );
        }
    }
    // A query's money comes as the driver reads it, in its own type.
    let query = json!({ "sqlReaderQuery": "SELECT coin, price FROM dbo.every ORDER BY id;" });
    let fault = read(self::source(&peer, "x", query, 1).await.unwrap().as_ref())
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::DataInvalid);
    assert!(
        fault.message.contains("\"price\"") && fault.message.contains("decimal(19,4)"),
        "{fault}"
    );
    let query = json!({ "query": "SELECT coin FROM dbo.every" });
    let batch = read(self::source(&peer, "x", query, 1).await.unwrap().as_ref())
        .await
        .unwrap();
    assert_eq!(batch.column(0).as_primitive::<Decimal128Type>().value(0), 2_147_483_647);
}

/// The end of time is a common value: it is refused as nanoseconds, with a way around, and left out where that is allowed.
#[tokio::test(flavor = "multi_thread")]
async fn what_nanoseconds_do_not_hold_is_said() {
    let peer = TdsPeer::start();
    peer.sql("CREATE TABLE dbo.ages (id int NOT NULL, name nvarchar(10), until datetime2(7))");
    peer.sql("INSERT INTO dbo.ages VALUES (1, 'a', '2024-01-01 00:00:00'), (2, 'b', '9999-12-31 23:59:59.9999999'), (3, 'c', NULL)");
    let fault = read(source(&peer, "dbo.ages", json!({}), 1).await.unwrap().as_ref())
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::DataInvalid);
    assert!(
        fault.message.contains("\"until\"") && fault.message.contains("datetime2(6)"),
        "{fault}"
    );

    let log = Arc::new(Log::default());
    let request = SourceRequest {
        dataset: object(json!({ "schema": "dbo", "table": "ages" })),
        parallel: 1,
        batch_bytes: 1 << 20,
        rejects: Some(Rejects::new(log.clone())),
        ..SourceRequest::default()
    };
    let source = connect(&peer).await.source(request).await.unwrap();
    let batch = read(source.as_ref()).await.unwrap();
    assert_eq!(batch.column(0).as_primitive::<Int32Type>().values(), &[1, 3]);
    assert_eq!(
        batch.column(1).as_string::<i32>().iter().flatten().collect::<Vec<_>>(),
        ["a", "c"]
    );
    let left = log.0.lock().unwrap();
    assert_eq!(left.len(), 1);
    assert!(left[0].record.starts_with("\"2\",\"b\""), "{}", left[0].record);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_dates_come_as_they_are_printed() {
    let peer = TdsPeer::start();
    peer.sql("CREATE TABLE dbo.old (id int NOT NULL, at datetime, minute smalldatetime, wide float)");
    peer.sql("INSERT INTO dbo.old VALUES (1, '2024-02-29 12:00:00.997', '1900-01-01 00:01:00', 5e-324), (2, '9999-12-31 23:59:59.997', NULL, 1.7976931348623157e308)");
    let batch = read(source(&peer, "old", json!({}), 1).await.unwrap().as_ref())
        .await
        .unwrap();
    let millis = batch
        .column(1)
        .as_primitive::<TimestampMillisecondType>()
        .values()
        .to_vec();
    assert_eq!(millis, [1_709_208_000_997, 253_402_300_799_997]);
    assert_eq!(
        batch.column(2).as_primitive::<TimestampSecondType>().value(0),
        -2_208_988_740
    );
    assert_eq!(
        batch.column(3).as_primitive::<Float64Type>().values(),
        &[5e-324, f64::MAX]
    );
}

fn numbers(peer: &TdsPeer, count: i32) {
    peer.sql("CREATE TABLE dbo.numbers (id int NOT NULL PRIMARY KEY, k int, text nvarchar(200))");
    for from in (0..count).step_by(500) {
        let rows: Vec<String> = (from..(from + 500).min(count))
            .map(|i| format!("({i}, {i}, '{}')", "x".repeat(150)))
            .collect();
        peer.sql(&format!("INSERT INTO dbo.numbers VALUES {}", rows.join(", ")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_take_every_row_once() {
    let peer = TdsPeer::start();
    numbers(&peer, 2000);
    peer.sql("UPDATE dbo.numbers SET k = NULL WHERE id < 10");
    for (settings, count, all) in [
        (json!({}), 4, 2000),
        (
            json!({ "partitionColumnName": "K", "partitionLowerBound": "100", "partitionUpperBound": 500 }),
            4,
            2000,
        ),
    ] {
        let activity = json!({ "partitionOption": "DynamicRange", "partitionSettings": settings });
        let source = source(&peer, "dbo.numbers", activity, 4).await.unwrap();
        assert_eq!(source.partitions().len(), count, "{:?}", source.partitions());
        assert!(source.warnings().is_empty(), "{:?}", source.warnings());
        assert_eq!(read(source.as_ref()).await.unwrap().num_rows(), all);
        assert!(source.bytes_read() > 300_000);
    }
    let query = json!({ "query": "SELECT id, text FROM dbo.numbers", "partitionOption": "DynamicRange",
        "partitionSettings": { "partitionColumnName": "id" } });
    let source = self::source(&peer, "x", query, 3).await.unwrap();
    assert_eq!(source.partitions().len(), 3);
    // What a query reads is not known, and cannot be locked.
    assert!(
        source.warnings().iter().any(|text| text.contains("one session each")),
        "{:?}",
        source.warnings()
    );
    assert_eq!(read(source.as_ref()).await.unwrap().num_rows(), 2000);
    for (activity, words) in [
        (
            json!({ "query": "SELECT text FROM dbo.numbers", "partitionOption": "DynamicRange", "partitionSettings": { "partitionColumnName": "text" } }),
            "type Utf8",
        ),
        (
            json!({ "query": "SELECT id FROM dbo.numbers", "partitionOption": "DynamicRange" }),
            "partitionColumnName",
        ),
        (
            json!({ "partitionOption": "DynamicRange", "partitionSettings": { "partitionLowerBound": 9, "partitionUpperBound": 1 } }),
            "above",
        ),
        (
            json!({ "partitionOption": "DynamicRange", "partitionSettings": { "partitionColumnName": "no" } }),
            "no column",
        ),
    ] {
        let fault = self::source(&peer, "dbo.numbers", activity, 4).await.err().unwrap();
        assert_eq!(fault.code, Code::PropertyMissing);
        assert!(fault.message.contains(words), "{fault}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn physical_partitions_are_read_by_number() {
    let peer = TdsPeer::start();
    numbers(&peer, 1000);
    let activity = json!({ "partitionOption": "PhysicalPartitionsOfTable" });
    let source = source(&peer, "dbo.numbers", activity.clone(), 4).await.unwrap();
    assert_eq!(source.partitions().len(), 1, "an unpartitioned table is one");
    peer.partition("dbo.numbers", "k", "by_k", &[100, 500]);
    let source = self::source(&peer, "dbo.numbers", activity, 4).await.unwrap();
    let labels: Vec<&str> = source
        .partitions()
        .iter()
        .map(|partition| partition.label.as_str())
        .collect();
    assert_eq!(
        labels,
        [
            "dbo.numbers partition 1",
            "dbo.numbers partition 2",
            "dbo.numbers partition 3"
        ]
    );
    assert_eq!(read(source.as_ref()).await.unwrap().num_rows(), 1000);
    let named =
        json!({ "partitionOption": "PhysicalPartitionsOfTable", "partitionSettings": { "partitionNames": ["2"] } });
    let source = self::source(&peer, "dbo.numbers", named, 4).await.unwrap();
    assert_eq!(read(source.as_ref()).await.unwrap().num_rows(), 400);
    let named =
        json!({ "partitionOption": "PhysicalPartitionsOfTable", "partitionSettings": { "partitionNames": ["9"] } });
    assert_eq!(
        self::source(&peer, "dbo.numbers", named, 4).await.err().unwrap().code,
        Code::PropertyMissing
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_snapshot_where_there_is_one() {
    for (snapshot, versions, frozen, partitions, level, words) in [
        (true, false, false, 1, "SNAPSHOT", "one partition"),
        (false, true, false, 1, "READ COMMITTED", "one partition"),
        (false, false, false, 1, "READ COMMITTED", "ALLOW_SNAPSHOT_ISOLATION"),
        (true, false, true, 4, "SNAPSHOT", ""),
    ] {
        let peer = TdsPeer::with(|options| {
            options.snapshot = snapshot;
            options.committed_snapshot = versions;
            options.frozen = frozen;
        });
        numbers(&peer, 1000);
        let source = source(&peer, "dbo.numbers", json!({}), 4).await.unwrap();
        assert_eq!(source.partitions().len(), partitions);
        assert_eq!(source.rows_expected(), Some(1000));
        let warnings = source.warnings().join("; ");
        assert!(
            if words.is_empty() {
                warnings.is_empty()
            } else {
                warnings.contains(words)
            },
            "{warnings}"
        );
        assert_eq!(read(source.as_ref()).await.unwrap().num_rows(), 1000);
        assert!(
            peer.log().contains(&format!("SET TRANSACTION ISOLATION LEVEL {level}")),
            "{:?}",
            peer.log()
        );
    }
    // Asked for where it is not allowed: the server's own words.
    let peer = TdsPeer::with(|options| options.snapshot = false);
    numbers(&peer, 10);
    let source = source(&peer, "dbo.numbers", json!({ "isolationLevel": "Snapshot" }), 1)
        .await
        .unwrap();
    let fault = read(source.as_ref()).await.unwrap_err();
    assert!(fault.message.contains("3952"), "{fault}");
    let fault = self::source(&peer, "dbo.numbers", json!({ "isolationLevel": "Chaos" }), 1)
        .await
        .err()
        .unwrap();
    assert_eq!(fault.code, Code::PropertyMissing);
}

#[tokio::test(flavor = "multi_thread")]
async fn procedures_and_queries() {
    let peer = TdsPeer::start();
    numbers(&peer, 100);
    peer.procedure(
        "dbo.above",
        "SELECT id, text FROM dbo.numbers WHERE id >= CAST(@least AS int) ORDER BY id",
    );
    let activity = json!({ "sqlReaderStoredProcedureName": "[dbo].[above]", "storedProcedureParameters": { "least": { "value": "90", "type": "Int32" } } });
    let batch = read(source(&peer, "x", activity, 4).await.unwrap().as_ref())
        .await
        .unwrap();
    assert_eq!(batch.num_rows(), 10);
    let query = json!({ "query": "SELECT id AS [a;--] FROM dbo.numbers; -- done" });
    let batch = read(source(&peer, "x", query, 4).await.unwrap().as_ref())
        .await
        .unwrap();
    assert_eq!(batch.num_rows(), 100);
    for (activity, code, words) in [
        (
            json!({ "sqlReaderStoredProcedureName": "dbo.nowhere" }),
            Code::QueryFailed,
            "nowhere",
        ),
        (
            json!({ "sqlReaderStoredProcedureName": "above", "storedProcedureParameters": { "x; DROP TABLE t": 1 } }),
            Code::PropertyMissing,
            "not the name",
        ),
        (
            json!({ "query": "SELECT * FROM dbo.nowhere" }),
            Code::TableNotFound,
            "nowhere",
        ),
        (
            json!({ "query": "SELECT nothing FROM dbo.numbers" }),
            Code::QueryFailed,
            "nothing",
        ),
        (
            json!({ "query": "SELECT id, id FROM dbo.numbers" }),
            Code::QueryFailed,
            "two columns",
        ),
        (
            json!({ "query": "SELECT COUNT(*) FROM dbo.numbers" }),
            Code::QueryFailed,
            "no name",
        ),
    ] {
        let fault = source(&peer, "x", activity.clone(), 1)
            .await
            .err()
            .unwrap_or_else(|| panic!("{activity} was read"));
        assert_eq!(fault.code, code, "{fault}");
        assert!(fault.message.contains(words), "{fault}");
    }
    // A type that is not carried is named.
    peer.sql("CREATE TABLE dbo.odd (id int, v sql_variant)");
    let fault = source(&peer, "odd", json!({}), 1).await.err().unwrap();
    assert_eq!(fault.code, Code::TypeUnsupported);
    assert!(
        fault.message.contains("\"v\"") && fault.message.contains("sql_variant"),
        "{fault}"
    );
}

/// Rows that a writer moves from partition to partition all the time are read once each, as they were at one moment.
#[tokio::test(flavor = "multi_thread")]
async fn partitions_see_one_state_under_a_writer() {
    let peer = Arc::new(TdsPeer::start());
    peer.sql("CREATE TABLE dbo.moving (id int NOT NULL PRIMARY KEY, k int, v int)");
    let rows: Vec<String> = (0..1000).map(|i| format!("({i}, {i}, 0)")).collect();
    peer.sql(&format!("INSERT INTO dbo.moving VALUES {}", rows.join(", ")));
    let stop = Arc::new(AtomicBool::new(false));
    let writer = {
        let (peer, stop) = (peer.clone(), stop.clone());
        std::thread::spawn(move || {
            let mut written = 0;
            while !stop.load(Ordering::Relaxed) {
                peer.sql("UPDATE dbo.moving SET k = 999 - k, v = v + 1");
                written += 1;
            }
            written
        })
    };
    for _ in 0..5 {
        let activity =
            json!({ "partitionOption": "DynamicRange", "partitionSettings": { "partitionColumnName": "k" } });
        let source = source(&peer, "dbo.moving", activity, 4).await.unwrap();
        assert_eq!((source.partitions().len(), source.warnings().len()), (4, 0));
        let mut ids = Vec::new();
        let mut versions = BTreeSet::new();
        for partition in source.partitions() {
            // Time for the writer to move everything.
            tokio::time::sleep(Duration::from_millis(20)).await;
            let mut stream = source.read(partition).await.unwrap();
            while let Some(batch) = stream.next().await {
                let batch = batch.unwrap();
                ids.extend_from_slice(batch.column(0).as_primitive::<Int32Type>().values());
                versions.extend(batch.column(2).as_primitive::<Int32Type>().values().iter().copied());
            }
        }
        ids.sort_unstable();
        assert_eq!(ids, (0..1000).collect::<Vec<_>>());
        assert_eq!(versions.len(), 1, "{versions:?}");
        // Each session was for one reading.
        assert!(source.read(&source.partitions()[0]).await.is_err());
    }
    stop.store(true, Ordering::Relaxed);
    assert!(writer.join().unwrap() > 10, "the writer was blocked");
    // A table that cannot be locked is read all the same, and it is said.
    peer.fail("WITH (TABLOCK, HOLDLOCK)", 1222, 16, "on demand");
    let activity = json!({ "partitionOption": "DynamicRange" });
    let source = source(&peer, "dbo.moving", activity, 4).await.unwrap();
    assert!(
        source.warnings().iter().any(|text| text.contains("one session each")),
        "{:?}",
        source.warnings()
    );
    assert_eq!(read(source.as_ref()).await.unwrap().num_rows(), 1000);
}

/// Dropping a stream stops the server, and a lost connection ends it with a code.
#[tokio::test(flavor = "multi_thread")]
async fn streams_end_when_they_are_dropped_or_cut() {
    let peer = TdsPeer::with(|options| options.slow_rows = true);
    numbers(&peer, 20_000);
    let source = source(&peer, "dbo.numbers", json!({}), 1).await.unwrap();
    let mut stream = source.read(&source.partitions()[0]).await.unwrap();
    let first = stream.next().await.unwrap().unwrap();
    assert!(first.num_rows() < 2000, "batches stay within their bytes");
    drop(stream);
    poll::until("an attention", Duration::from_secs(10), || async {
        (peer.attentions() > 0).then_some(())
    })
    .await;

    let mut stream = source.read(&source.partitions()[0]).await.unwrap();
    stream.next().await.unwrap().unwrap();
    peer.cut();
    let end = loop {
        match stream.next().await {
            Some(Ok(_)) => {}
            other => break other,
        }
    };
    let fault = end.expect("it did not just end").unwrap_err();
    assert_eq!(fault.code, Code::StoreUnreachable, "{fault}");
    assert!(stream.next().await.is_none());
}
