use super::{key, listing, numbers, rooted, sink, stage};
use sluice_contract::{Code, JobId};
use std::fs;

#[tokio::test]
async fn nothing_is_seen_before_the_commit() {
    let root = tempfile::tempdir().unwrap();
    let connection = rooted(root.path()).await;
    fs::write(root.path().join("x"), "old").unwrap();
    let mut sink = sink(connection.as_ref(), "Parquet", "x").await.unwrap();
    let key = key(&JobId::generate(), 1);
    stage(sink.as_mut(), &key, numbers(1000)).await.unwrap();
    assert_eq!(
        listing(root.path()),
        [format!(".x.{}.sluice-part", key.tag()), "x".to_owned()]
    );
    assert_eq!(fs::read(root.path().join("x")).unwrap(), b"old");
    assert!(!sink.commit().await.unwrap().replayed);
    assert!(sink.commit().await.unwrap().replayed);
    assert_eq!(listing(root.path()), ["x"]);
    sink.abort().await;
    assert_eq!(fs::metadata(root.path().join("x")).unwrap().len(), sink.bytes_written());
}

#[tokio::test]
async fn an_abort_leaves_nothing_not_even_folders() {
    let root = tempfile::tempdir().unwrap();
    let connection = rooted(root.path()).await;
    fs::create_dir(root.path().join("kept")).unwrap();
    for verified in [false, true] {
        let mut sink = sink(connection.as_ref(), "DelimitedText", "kept/new/er/x.csv")
            .await
            .unwrap();
        if verified {
            stage(sink.as_mut(), &key(&JobId::generate(), 1), numbers(1000))
                .await
                .unwrap();
        } else {
            sink.prepare(numbers(1).schema(), &key(&JobId::generate(), 1))
                .await
                .unwrap();
            sink.writer().await.unwrap().write(numbers(1000)).await.unwrap();
        }
        assert!(listing(root.path()).len() > 3);
        sink.abort().await;
        assert_eq!(listing(root.path()), ["kept"]);
    }
}

#[tokio::test]
async fn leftovers_of_the_same_job_and_file_are_removed() {
    let root = tempfile::tempdir().unwrap();
    let connection = rooted(root.path()).await;
    let (job, other) = (JobId::generate(), JobId::generate());
    let part = |name: &str, job: &JobId, attempt| format!(".{name}.{}.sluice-part", key(job, attempt).tag());
    let kept = [part("x", &other, 9), part("y", &job, 1), ".x.sluice-part".to_owned()];
    for name in kept.iter().chain([&part("x", &job, 1), &part("x", &job, 2)]) {
        fs::write(root.path().join(name), "half a file").unwrap();
    }
    let mut sink = sink(connection.as_ref(), "Parquet", "x").await.unwrap();
    stage(sink.as_mut(), &key(&job, 3), numbers(10)).await.unwrap();
    sink.commit().await.unwrap();
    let mut expected = kept.to_vec();
    expected.push("x".to_owned());
    expected.sort();
    assert_eq!(listing(root.path()), expected);
}

#[tokio::test]
async fn an_attempt_that_was_overtaken_cannot_publish() {
    let root = tempfile::tempdir().unwrap();
    let connection = rooted(root.path()).await;
    let job = JobId::generate();
    let mut first = sink(connection.as_ref(), "Parquet", "x").await.unwrap();
    let mut second = sink(connection.as_ref(), "Parquet", "x").await.unwrap();
    stage(first.as_mut(), &key(&job, 1), numbers(10)).await.unwrap();
    stage(second.as_mut(), &key(&job, 2), numbers(20)).await.unwrap();
    assert_eq!(first.commit().await.unwrap_err().code, Code::CommitDenied);
    second.commit().await.unwrap();
    assert_eq!(first.commit().await.unwrap_err().code, Code::CommitDenied);
    first.abort().await;
    assert_eq!(listing(root.path()), ["x"]);
    // And one that begins while a later one is at work gives up at once.
    let mut third = sink(connection.as_ref(), "Parquet", "x").await.unwrap();
    stage(third.as_mut(), &key(&job, 3), numbers(30)).await.unwrap();
    let late = first.prepare(numbers(1).schema(), &key(&job, 1)).await.unwrap_err();
    assert_eq!(late.code, Code::CommitDenied);
    third.commit().await.unwrap();
    assert_eq!(
        fs::metadata(root.path().join("x")).unwrap().len(),
        third.bytes_written()
    );
}
