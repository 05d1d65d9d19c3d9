//! Rows in files: folders that are columns, compressed text, files that are deleted when their rows are copied.

use super::bench::{Copy, Folder};
use serde_json::json;
use std::io::Write;
use std::process::{Command, Stdio};

fn gzip(text: &str) -> Vec<u8> {
    let mut gzip = Command::new("gzip")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    gzip.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    gzip.wait_with_output().unwrap().stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_become_columns_and_read_files_go() {
    let folder = Folder::new();
    folder.put("in/year=2024/month=01/a.csv.gz", gzip("id,name\n1,one\n2,two\n"));
    folder.put(
        "in/year=2025/month=__HIVE_DEFAULT_PARTITION__/b.csv.gz",
        gzip("id,name\n3,three\n"),
    );
    folder.put("in/readme.txt", "not data");
    let source = folder
        .end("")
        .dataset(json!({"firstRowAsHeader": true, "compressionCodec": "gzip"}))
        .with(
            json!({"wildcardFolderPath": "in/year=*", "wildcardFileName": "*.csv.gz",
            "enablePartitionDiscovery": true, "deleteFilesAfterCompletion": true, "maxConcurrentConnections": 1}),
        );
    let sink = folder
        .end("out")
        .file("x.csv")
        .dataset(json!({"firstRowAsHeader": true, "quoteAllText": false}));
    let mut job = Copy::new(&source, &sink).settings(json!({"parallelCopies": 1}));
    job.kinds = ("DelimitedText", "DelimitedText");
    job.run().await.unwrap();
    let text = String::from_utf8(folder.all("out")["x.csv"].clone()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0].replace('"', ""), "id,name,year,month", "{text}");
    assert!(
        lines[1].contains("2024") && lines[1].contains("01") && lines[3].contains("2025"),
        "{text}"
    );
    assert_eq!(folder.names("in"), ["readme.txt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_written_compressed() {
    let folder = Folder::new();
    folder.put("in.csv", "id\n1\n2\n");
    for (codec, ending) in [
        ("gzip", ".csv.gz"),
        ("ZipDeflate", ".csv.zip"),
        ("zstd", ".csv.zst"),
        ("snappy", ".csv.snappy"),
    ] {
        let text = json!({"firstRowAsHeader": true});
        let packed = json!({"firstRowAsHeader": true, "compressionCodec": codec});
        let mut job = Copy::new(
            &folder.end("").file("in.csv").dataset(text.clone()),
            &folder.end(codec).dataset(packed.clone()),
        );
        job.kinds = ("DelimitedText", "DelimitedText");
        job.run().await.unwrap();
        let name = folder.names(codec).remove(0);
        assert!(name.ends_with(ending), "{name}");
        let mut job = Copy::new(
            &folder.end(codec).dataset(packed),
            &folder.end("back").file(codec).dataset(text),
        );
        job.kinds = ("DelimitedText", "DelimitedText");
        assert_eq!(job.run().await.unwrap().rows_copied, 2, "{codec}");
    }
}
