//! What becomes of copies of files that fail, are cancelled, or come again.

use super::bench::{Copy, Folder, copy, noise};
use async_trait::async_trait;
use serde_json::json;
use sluice_contract::{Code, Fault};
use sluice_copy::CommitGate;
use std::sync::atomic::{AtomicU32, Ordering};

struct Gate {
    asked: AtomicU32,
    answer: Result<(), Fault>,
}

impl Gate {
    fn answers(answer: Result<(), Fault>) -> Self {
        Self {
            asked: AtomicU32::new(0),
            answer,
        }
    }
}

#[async_trait]
impl CommitGate for Gate {
    async fn permit(&self, _rows: u64) -> Result<(), Fault> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.answer.clone()
    }
}

fn many() -> Folder {
    let folder = Folder::new();
    for number in 0..60 {
        folder.put(&format!("in/{number}"), noise(number * 1000));
    }
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn the_permit_is_asked_once_and_without_it_nothing_is_seen() {
    let folder = many();
    let gate = Gate::answers(Ok(()));
    Copy::new(&folder.end("in"), &folder.end("out"))
        .run_past(&gate)
        .await
        .unwrap();
    assert_eq!((gate.asked.load(Ordering::SeqCst), folder.names("out").len()), (1, 60));

    let gate = Gate::answers(Err(Fault::new(Code::CommitDenied, "no")));
    let fault = Copy::new(&folder.end("in"), &folder.end("denied"))
        .run_past(&gate)
        .await
        .unwrap_err();
    assert_eq!((fault.code, gate.asked.load(Ordering::SeqCst)), (Code::CommitDenied, 1));
    assert!(folder.names("denied").is_empty(), "{:?}", folder.names("denied"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_copy_leaves_no_staging() {
    let folder = many();
    let job = Copy::new(&folder.end("in"), &folder.end("out"));
    job.cancel.cancel();
    assert_eq!(job.run().await.unwrap_err().code, Code::Cancelled);
    assert!(folder.names("out").iter().all(|name| !name.contains("sluice-part")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_stops_the_copy_and_what_is_there_is_whole() {
    let folder = many();
    // A folder stands where a file has to go.
    folder.put("out/30/x", "in the way");
    let fault = copy(&folder.end("in"), &folder.end("out")).await.unwrap_err();
    assert_eq!(fault.code, Code::PropertyMissing, "{fault}");
    let (before, after) = (folder.all("in"), folder.all("out"));
    for (name, bytes) in after.iter().filter(|(name, _)| *name != "30/x") {
        assert!(before[name] == *bytes, "{name} is not whole");
    }

    // With skipErrorFile it is left out, and told.
    let job = Copy::new(&folder.end("in"), &folder.end("out"));
    let done = job
        .settings(json!({"skipErrorFile": {"invalidFileName": true}}))
        .run()
        .await
        .unwrap();
    let output = done.to_adf_output("gateway");
    assert_eq!(
        (&output["filesRead"], &output["filesSkipped"]),
        (&json!(59), &json!(1)),
        "{output}"
    );
    assert_eq!(output["dataConsistencyVerification"]["InconsistentData"], "Skipped");
    assert_eq!(folder.names("out").len(), 60);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_to_files_and_not_to_rows() {
    let folder = many();
    let mut job = Copy::new(&folder.end("in"), &folder.end("out"));
    job.kinds.1 = "Parquet";
    let fault = job.run().await.unwrap_err();
    assert_eq!(fault.code, Code::ActivityUnsupported, "{fault}");
    for (settings, code) in [
        (json!({"preserve": ["ACL"]}), Code::ActivityUnsupported),
        (json!({"somethingNew": true}), Code::ActivityUnsupported),
        (json!({"parallelCopies": 0}), Code::DocumentInvalid),
    ] {
        let fault = Copy::new(&folder.end("in"), &folder.end("out"))
            .settings(settings.clone())
            .run()
            .await;
        assert_eq!(fault.unwrap_err().code, code, "{settings}");
    }
    let sink = folder
        .end("out")
        .with(json!({"metadata": [{"name": "a", "value": "b"}]}));
    assert_eq!(
        copy(&folder.end("in"), &sink).await.unwrap_err().code,
        Code::PropertyMissing
    );
    let sink = folder.end("out").with(json!({"copyBehavior": "Sideways"}));
    assert_eq!(
        copy(&folder.end("in"), &sink).await.unwrap_err().code,
        Code::PropertyMissing
    );
    let done = Copy::new(&folder.end("in"), &folder.end("out"))
        .settings(json!({"enableStaging": true}))
        .run()
        .await
        .unwrap();
    assert!(
        done.warnings.iter().any(|warning| warning.contains("enableStaging")),
        "{:?}",
        done.warnings
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_session_log_tells_of_every_file() {
    let (folder, logs) = (many(), Folder::new());
    folder.put("out/30/x", "in the way");
    let mut job = Copy::new(&folder.end("in"), &folder.end("out")).settings(json!({
        "skipErrorFile": {"invalidFileName": true},
        "logSettings": {
            "enableCopyActivityLog": true,
            "copyActivityLogSettings": {"logLevel": "Info"},
            "logLocationSettings": {"linkedServiceName": {"referenceName": "Logs"}, "path": "kept"},
        },
    }));
    job.log = Some(logs.end(""));
    let done = job.run().await.unwrap();
    let place = done.extra["logFilePath"].as_str().unwrap();
    let text = String::from_utf8(logs.all("")[place].clone()).unwrap();
    let count = |words: &str| text.lines().filter(|line| line.contains(words)).count();
    assert_eq!(
        (
            count(",Info,FileRead,"),
            count(",Info,FileWrite,"),
            count(",Warning,FileSkip,")
        ),
        (59, 59, 1),
        "{text}"
    );
    assert!(
        text.contains("\"in/7\",\"Read: 7000 bytes\"") && text.contains("\"out/7\",\"Written: 7000 bytes\""),
        "{text}"
    );
}
