//! What every store has to do, in the same words for all of them.

use super::data::{assert_same, repeated, unsupported_schema};
use super::place::{Place, check_expectation, key, next, rows};
use super::rows::{Back, Row};
use arrow::record_batch::RecordBatch;
use futures::TryStreamExt;
use sluice_contract::Code;
use sluice_store_core::{ReadBack, Sink, Written};
use std::slice::from_ref;

/// What was written is what is read, edge values and many rows, with one reader or several.
pub(super) async fn round_trip(place: Place, row: &Row) {
    let few = vec![place.data.clone()];
    place.write("few", &few).await;
    assert_same(&few, &place.read("few", 1).await.unwrap());

    let many: Vec<_> = (0..8).map(|i| repeated(&place.data, i * 2500, 2500)).collect();
    place.write("many", &many).await;
    for parallel in [1, 3] {
        assert_same(&many, &place.read("many", parallel).await.unwrap());
    }
    let source = place
        .connect()
        .await
        .source(place.source_request("many", 3))
        .await
        .unwrap();
    assert!(!source.partitions().is_empty());
    // A Parquet file of so few rows has one row group: the formats' own tests have files with more.
    let whole = row.format == "Parquet" || !row.partitions;
    assert_eq!(source.partitions().len() > 1, !whole, "partitions, by the matrix");
    check_expectation(source.as_ref(), 20_000);
    for (index, partition) in source.partitions().iter().enumerate() {
        assert_eq!(partition.index, index);
    }

    let none = vec![place.data.slice(0, 0)];
    place.write("none", &none).await;
    assert_eq!(rows(&place.read("none", 2).await.unwrap()), 0);
}

/// A reader sees all of a copy or nothing of it.
pub(super) async fn nothing_before_commit(place: Place, _row: &Row) {
    let before = (place.holds)().await;
    let mut sink = place.staged("new", &key(1, 1), from_ref(&place.data)).await.unwrap();
    let fault = place
        .read("new", 1)
        .await
        .expect_err("it can be read before its commit");
    assert_eq!(fault.code, place.missing, "{fault}");
    sink.commit().await.unwrap();
    assert_eq!(rows(&place.read("new", 1).await.unwrap()), place.data.num_rows());
    assert_eq!(
        (place.holds)().await.len(),
        before.len() + 1,
        "more than the copy is there"
    );
}

/// An aborted copy, and one that was dropped and tried again, leave nothing.
pub(super) async fn abort_leaves_nothing(place: Place, _row: &Row) {
    let before = (place.holds)().await;
    let mut sink = place.staged("gone", &key(1, 1), from_ref(&place.data)).await.unwrap();
    sink.abort().await;
    assert_eq!((place.holds)().await, before, "after an abort of what was verified");

    let mut sink = place.prepared("gone", &key(1, 1), place.data.schema()).await.unwrap();
    let mut writer = sink.writer().await.unwrap();
    writer.write(place.data.clone()).await.unwrap();
    drop(writer);
    sink.abort().await;
    assert_eq!((place.holds)().await, before, "after an abort in the middle");

    // Died without a word; the job's next attempt tidies up behind it.
    let first = key(1, 1);
    let sink = place.staged("gone", &first, from_ref(&place.data)).await.unwrap();
    drop(sink);
    let mut sink = place
        .staged("gone", &next(&first), from_ref(&place.data))
        .await
        .unwrap();
    sink.commit().await.unwrap();
    assert_eq!(
        (place.holds)().await.len(),
        before.len() + 1,
        "after the second attempt"
    );
    assert_eq!(rows(&place.read("gone", 1).await.unwrap()), place.data.num_rows());
}

/// Committing again changes nothing, by the same attempt or by another one of the same job.
pub(super) async fn committed_once(place: Place, _row: &Row) {
    let first = key(1, 1);
    let data = [place.data.clone()];
    let mut sink = place.staged("once", &first, &data).await.unwrap();
    assert!(!sink.commit().await.unwrap().replayed);
    assert!(sink.commit().await.unwrap().replayed, "a second commit is a replay");
    assert_same(&data, &place.read("once", 1).await.unwrap());

    // The node died behind its commit, before it could say so: the job comes again.
    let second = next(&first);
    let mut sink = place.staged("once", &second, &data).await.unwrap();
    sink.commit().await.unwrap();
    assert_same(&data, &place.read("once", 1).await.unwrap());
}

/// An attempt that a later one has overtaken publishes nothing.
pub(super) async fn overtaken_attempt_is_fenced(place: Place, _row: &Row) {
    let first = key(1, 1);
    let newer = [repeated(&place.data, 100, 30)];
    if place.fences_staging {
        // The later attempt has only begun.
        let mut late = place.staged("begun", &first, from_ref(&place.data)).await.unwrap();
        let mut sink = place.staged("begun", &next(&first), &newer).await.unwrap();
        late.commit().await.expect_err("an overtaken attempt has published");
        late.abort().await;
        sink.commit().await.unwrap();
        assert_same(&newer, &place.read("begun", 1).await.unwrap());
    }
    // The later attempt has published.
    let first = key(1, 1);
    let mut late = place.staged("fenced", &first, from_ref(&place.data)).await.unwrap();
    let mut sink = place.staged("fenced", &next(&first), &newer).await.unwrap();
    sink.commit().await.unwrap();
    let fault = late.commit().await.expect_err("an overtaken attempt has published");
    assert_eq!(fault.code, Code::CommitDenied, "{fault}");
    late.abort().await;
    assert_same(&newer, &place.read("fenced", 1).await.unwrap());
}

/// What cannot be done is said with a code, and names what it is about.
pub(super) async fn refusals(place: Place, _row: &Row) {
    let fault = place.read_fault(place.properties.clone(), "missing").await;
    assert_eq!(fault.code, place.missing, "{fault}");
    assert!(
        fault.message.contains("missing"),
        "it does not say what is missing: {fault}"
    );
    assert!(!fault.retryable, "{fault:?}");

    let fault = match place.prepared("types", &key(1, 1), unsupported_schema()).await {
        Ok(_) => panic!("a type that nobody carries was taken"),
        Err(fault) => fault,
    };
    assert_eq!(fault.code, Code::TypeUnsupported, "{fault}");
    assert!(fault.message.contains("span"), "it does not name the column: {fault}");

    if place.missing == Code::FileNotFound {
        // Files say nothing of their format: the dataset's type does.
        let mut request = place.source_request("missing", 1);
        request.dataset_kind = "OracleTable".to_owned();
        let source = place.connect().await.source(request).await;
        let fault = source.err().expect("a file of an unknown format was read");
        assert_eq!(fault.code, Code::PropertyMissing, "{fault}");
    }

    if let Some(wrong) = &place.wrong_login {
        let fault = place.read_fault(wrong.clone(), "missing").await;
        // Azurite calls a wrong key AuthorizationFailure; Azure calls it AuthenticationFailed.
        let refused = |code| matches!(code, Code::LoginFailed | Code::PermissionDenied);
        assert!(refused(fault.code), "{fault}");
        assert!(!fault.message.contains("canary"), "the secret is in the message");
        let stages = place.connector.connect(wrong.clone()).await.unwrap().probe().await;
        let failed = stages.last().and_then(|stage| stage.fault.as_ref());
        assert!(failed.is_some_and(|fault| refused(fault.code)), "{stages:?}");
    }
    let stages = place.connect().await.probe().await;
    assert!(
        !stages.is_empty() && stages.iter().all(|stage| stage.fault.is_none()),
        "{stages:?}"
    );
    assert_eq!(
        (place.holds)().await,
        Vec::<String>::new(),
        "refusals have left something"
    );
}

/// A property that is missing is named before anything is opened.
pub(super) async fn missing_property(place: Place, _row: &Row) {
    let mut properties = place.properties.clone();
    properties.public.clear();
    properties.secrets = Default::default();
    let opened = async {
        let connection = place.connector.connect(properties).await?;
        connection.source(place.source_request("x", 1)).await.map(drop)
    };
    let fault = opened
        .await
        .expect_err("a linked service without properties was opened");
    assert_eq!(fault.code, Code::PropertyMissing, "{fault}");
    let mut request = place.sink_request("x", 1);
    request.dataset.clear();
    let sink = async {
        let mut sink = place.connect().await.sink(request).await?;
        sink.prepare(place.data.schema(), &key(1, 1)).await
    };
    let fault = sink.await.expect_err("a dataset without properties was written");
    assert_eq!(fault.code, Code::PropertyMissing, "{fault}");
}

/// What was written is read back when the matrix says so: for `validateDataConsistency`.
pub(super) async fn reads_back(place: Place, row: &Row) {
    let data: Vec<_> = (0..3).map(|i| repeated(&place.data, i * 1000, 1000)).collect();
    let mut sink = place.staged("back", &key(1, 1), &data).await.unwrap();
    let staged = read_back(sink.as_mut(), Written::Staged).await;
    sink.commit().await.unwrap();
    let published = match staged {
        Some(_) => None,
        None => read_back(sink.as_mut(), Written::Published).await,
    };
    let found = match (&staged, &published) {
        (Some(_), _) => Back::Staged,
        (None, Some(_)) => Back::Published,
        (None, None) => Back::Never,
    };
    assert_eq!(found, row.back, "by the matrix");
    if let Some(batches) = staged.or(published) {
        assert_same(&data, &batches);
    }
    // Reading back has changed nothing.
    assert_same(&data, &place.read("back", 1).await.unwrap());
}

async fn read_back(sink: &mut dyn Sink, what: Written) -> Option<Vec<RecordBatch>> {
    match sink.read_back(what).await.unwrap() {
        ReadBack::Batches(batches) => Some(batches.try_collect().await.unwrap()),
        ReadBack::Native(_) => panic!("batches were written"),
        ReadBack::Impossible(why) => {
            assert!(!why.is_empty());
            None
        }
    }
}
