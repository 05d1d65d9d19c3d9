use super::{connect, dataset, edges, folder_of, key, listing, numbers, rooted, rows, sink, source, stage};
use sluice_contract::{Code, JobId};
use std::fs;

#[tokio::test]
async fn rows_survive_a_round_trip() {
    let root = tempfile::tempdir().unwrap();
    let connection = rooted(root.path()).await;
    let mut parquet = sink(connection.as_ref(), "Parquet", "a/b/edges.parquet").await.unwrap();
    let staged = stage(parquet.as_mut(), &key(&JobId::generate(), 1), edges())
        .await
        .unwrap();
    let committed = parquet.commit().await.unwrap();
    let file = root.path().canonicalize().unwrap().join("a/b/edges.parquet");
    assert_eq!(committed.location, file.to_str().unwrap());
    assert_eq!((staged.rows, staged.bytes), (3, fs::metadata(&file).unwrap().len()));
    let back = source(connection.as_ref(), "Parquet", dataset("a/b/edges.parquet"))
        .await
        .unwrap();
    assert_eq!(rows(back.as_ref()).await.unwrap(), edges());
    assert_eq!(listing(root.path()), ["a", "a/b", "a/b/edges.parquet"]);

    let texts = edges().project(&[0, 2]).unwrap();
    let mut text = sink(connection.as_ref(), "DelimitedText", "/t.csv").await.unwrap();
    assert_eq!(
        stage(text.as_mut(), &key(&JobId::generate(), 1), texts)
            .await
            .unwrap()
            .rows,
        3
    );
    text.commit().await.unwrap();
    let written = fs::read_to_string(root.path().join("t.csv")).unwrap();
    assert!(
        written.starts_with("\"\",1969-12-31T23:59:59.999999+00:00\r\n,\r\n\"a\\\"b,\r\n\u{1F9EA}\",+294247-01-10T"),
        "{written}"
    );
}

#[tokio::test]
async fn a_folder_of_files_is_one_source() {
    let root = tempfile::tempdir().unwrap();
    let connection = rooted(root.path()).await;
    for file in ["d/1", "d/sub/2", "e/3"] {
        let mut sink = sink(connection.as_ref(), "Parquet", file).await.unwrap();
        stage(sink.as_mut(), &key(&JobId::generate(), 1), numbers(10))
            .await
            .unwrap();
        sink.commit().await.unwrap();
    }
    fs::write(root.path().join("d/.1.x_1_1.sluice-part"), "half").unwrap();
    let both = source(connection.as_ref(), "Parquet", folder_of("d")).await.unwrap();
    assert_eq!(
        (rows(both.as_ref()).await.unwrap().num_rows(), both.rows_expected()),
        (20, Some(20))
    );
    assert!(both.bytes_read() > 0);
}

#[tokio::test]
async fn what_is_missing_or_damaged_is_named() {
    let root = tempfile::tempdir().unwrap();
    let connection = rooted(root.path()).await;
    fs::create_dir(root.path().join("folder")).unwrap();
    fs::write(root.path().join("bad.parquet"), "PAR1 this is not parquet PAR1").unwrap();
    for (path, code) in [
        ("none.parquet", Code::FileNotFound),
        ("none/x.parquet", Code::FileNotFound),
        ("bad.parquet/x", Code::FileNotFound),
        ("folder", Code::PropertyMissing),
        ("bad.parquet", Code::DataInvalid),
    ] {
        let fault = source(connection.as_ref(), "Parquet", dataset(path))
            .await
            .err()
            .unwrap();
        assert_eq!(fault.code, code, "{fault}");
        assert!(fault.message.contains(path.split('/').next().unwrap()), "{fault}");
    }
    let empty = source(connection.as_ref(), "Parquet", folder_of("folder"))
        .await
        .err()
        .unwrap();
    assert_eq!(empty.code, Code::FileNotFound);
    let mut folder = sink(connection.as_ref(), "Parquet", "folder").await.unwrap();
    let fault = stage(folder.as_mut(), &key(&JobId::generate(), 1), numbers(1))
        .await
        .unwrap_err();
    assert_eq!(fault.code, Code::PropertyMissing);
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_read_is_found_out() {
    let root = tempfile::tempdir().unwrap();
    let connection = rooted(root.path()).await;
    fs::write(root.path().join("x.csv"), "a\nb\n").unwrap();
    let open = source(connection.as_ref(), "DelimitedText", dataset("x.csv"))
        .await
        .unwrap();
    fs::write(root.path().join("x.csv"), "a\nb\nc\n").unwrap();
    let fault = open.read(&open.partitions()[0]).await.err().unwrap();
    assert_eq!(fault.code, Code::DataInvalid);
    assert!(fault.message.contains("changed"), "{fault}");
}

#[tokio::test]
async fn hosts_and_probes() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().to_str().unwrap();
    let probe = connect(&format!("file://{path}")).await.unwrap().probe().await;
    assert_eq!(
        probe.iter().map(|stage| stage.name.as_str()).collect::<Vec<_>>(),
        ["resolve", "read"]
    );
    assert!(probe.iter().all(|stage| stage.fault.is_none()));
    let gone = connect(&format!("{path}/none")).await.unwrap().probe().await;
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0].fault.as_ref().unwrap().code, Code::FileNotFound);
    for host in [
        "",
        "data",
        r"\\server\share",
        "//server/share",
        "http://x",
        "file://server/data",
    ] {
        assert_eq!(connect(host).await.err().unwrap().code, Code::PropertyMissing, "{host}");
    }
}
