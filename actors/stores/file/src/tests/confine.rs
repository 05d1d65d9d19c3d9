use super::{dataset, folder_of, key, listing, numbers, rooted, rows, sink, source, stage};
use sluice_contract::{Code, JobId};
use std::fs;
use std::os::unix::fs::symlink;

#[tokio::test]
async fn no_path_leaves_the_root() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.csv"), "a\n").unwrap();
    let root = outside.path().join("root");
    fs::create_dir(&root).unwrap();
    symlink(outside.path(), root.join("link")).unwrap();
    symlink(outside.path().join("secret.csv"), root.join("file.csv")).unwrap();
    symlink(outside.path().join("not-yet"), root.join("dangling")).unwrap();
    let connection = rooted(&root).await;
    for path in [
        "../secret.csv",
        "a/../../secret.csv",
        "link/secret.csv",
        "file.csv",
        "..",
        "dangling/x",
        "dangling",
    ] {
        let read = source(connection.as_ref(), "DelimitedText", dataset(path))
            .await
            .err()
            .unwrap();
        assert_eq!(read.code, Code::PermissionDenied, "reading {path}: {read}");
        let mut write = sink(connection.as_ref(), "DelimitedText", path).await.unwrap();
        let write = stage(write.as_mut(), &key(&JobId::generate(), 1), numbers(1))
            .await
            .unwrap_err();
        assert_eq!(write.code, Code::PermissionDenied, "writing {path}: {write}");
    }
    for folder in ["..", "link", "x/.."] {
        let read = source(connection.as_ref(), "DelimitedText", folder_of(folder))
            .await
            .err()
            .unwrap();
        assert_eq!(read.code, Code::PermissionDenied, "{folder}");
    }
    // A folder that is walked does not follow links out either: there is nothing else in it.
    let walked = source(connection.as_ref(), "DelimitedText", folder_of(""))
        .await
        .err()
        .unwrap();
    assert_eq!(walked.code, Code::FileNotFound);
    assert_eq!(listing(outside.path()).len(), 5);
}

#[tokio::test]
async fn links_inside_of_the_root_are_followed() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("real")).unwrap();
    fs::write(root.path().join("real/x.csv"), "a\n").unwrap();
    symlink("real", root.path().join("link")).unwrap();
    let connection = rooted(root.path()).await;
    let linked = source(connection.as_ref(), "DelimitedText", dataset("link/x.csv"))
        .await
        .unwrap();
    assert_eq!(rows(linked.as_ref()).await.unwrap().num_rows(), 1);
    let absolute = source(connection.as_ref(), "DelimitedText", dataset("/real//./x.csv"))
        .await
        .unwrap();
    assert_eq!(rows(absolute.as_ref()).await.unwrap().num_rows(), 1);
}
