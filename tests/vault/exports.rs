//! Keys that leave a node in a file: nobody takes them along unnoticed.

use serde_json::Value;
use sluice_tests::binary::{Outcome, finish, sluice};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::{CERTIFICATE_PASSWORD, Gateway};
use std::path::Path;

const WORD: &str = "canary-backup-5a11";

#[track_caller]
fn backup(state: &Path, file: &Path) -> Outcome {
    let mut command = sluice();
    command.args(["gateway", "backup"]).arg(file).arg("--state").arg(state);
    finish(command, Some(&format!("{WORD}\n")))
}

/// What the factory's audit log says of exports, the newest first.
#[track_caller]
fn noticed(factory: &Factory) -> Vec<Value> {
    let mut command = sluice();
    command
        .args(["factory", "audit", "-o", "json"])
        .args(factory.cli_args());
    let all = finish(command, None).expect(0).json();
    let of_exports = |entry: &&Value| {
        entry["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("has exported"))
    };
    all.as_array().unwrap().iter().filter(of_exports).cloned().collect()
}

/// What the node has written down, the oldest first.
#[track_caller]
fn written(state: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(state.join("exports.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_keys_along_is_written_down() {
    let factory = Factory::start();
    let mut node = Gateway::start(&factory, "gw").await;
    let (state, folder) = (node.state(), tempfile::tempdir().unwrap());
    assert_eq!((noticed(&factory).len(), written(&state).len()), (0, 0));

    node.export();
    let shown = node.ask(&["certificate", "show", "-o", "json"]).expect(0).json();
    let thumbprint = shown[0]["thumbprint"].as_str().unwrap();
    let told = noticed(&factory);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!((&told[0]["kind"], &told[0]["actor"]), (&"node".into(), &"node1".into()));
    assert!(told[0]["detail"].as_str().unwrap().contains(thumbprint), "{told:#?}");
    let log = node.log();
    assert!(log.contains("has exported keys") && log.contains(thumbprint), "{log}");
    let entries = written(&state);
    assert_eq!(entries[0]["thumbprint"], thumbprint, "{entries:#?}");
    assert!(
        entries[0]["at"].is_string() && entries[0]["user"].is_string(),
        "{entries:#?}"
    );

    backup(&state, &folder.path().join("1")).expect(0);
    assert_eq!(noticed(&factory)[0]["detail"], "has exported a backup of itself");
    assert_eq!(written(&state)[1]["exported"], "backup");

    // A password that is refused lets nothing out.
    let short = folder.path().join("short");
    std::fs::write(&short, "short").unwrap();
    let (to, by) = (
        folder.path().join("p12").display().to_string(),
        short.display().to_string(),
    );
    node.ask(&["certificate", "export", "--file", &to, "--password-file", &by])
        .expect_fault("SL5010");
    assert_eq!((noticed(&factory).len(), written(&state).len()), (2, 2));

    // Neither the agent nor the factory is there: it is written down all the same.
    node.kill9();
    drop(factory);
    let made = backup(&state, &folder.path().join("2")).expect(0);
    assert!(
        made.stderr.contains("The factory was not told of it"),
        "{}",
        made.stderr
    );
    assert_eq!(written(&state).len(), 3);

    // Where it cannot be, no key leaves.
    std::fs::remove_file(state.join("exports.jsonl")).unwrap();
    std::fs::create_dir(state.join("exports.jsonl")).unwrap();
    backup(&state, &folder.path().join("3")).expect_fault("SL8006");
    assert!(!folder.path().join("3").exists());
    std::fs::write(&short, CERTIFICATE_PASSWORD).unwrap();
    node.ask(&["certificate", "export", "--file", &to, "--password-file", &by])
        .expect_fault("SL8006");
    assert!(!Path::new(&to).exists());
}
