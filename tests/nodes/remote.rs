//! A machine that is registered from another one: only while its administrator has opened it, and only by who has its
//! fingerprint and its code.

use sluice_tests::binary::{Outcome, finish, sluice};
use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::process::Process;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

/// A machine that is open.
struct Opened {
    process: Process,
    log: std::path::PathBuf,
    address: String,
    fingerprint: String,
    code: String,
}

fn open(state: &Path, folder: &Path) -> Opened {
    let mut command = sluice();
    command
        .args([
            "gateway",
            "remote-registration",
            "open",
            "--listen",
            "127.0.0.1:0",
            "-o",
            "json",
            "--state",
        ])
        .arg(state);
    let mut process = Process::start("open", folder, command);
    let log = folder.join("open.log");
    let shown = process.wait_until("the door to open", Duration::from_secs(60), || {
        // The first object is complete when its brace closes; what is logged stands around it.
        let text = std::fs::read_to_string(&log).ok()?;
        let start = text.find("{\n").or_else(|| text.find("{\"address"))?;
        serde_json::Deserializer::from_str(&text[start..])
            .into_iter::<serde_json::Value>()
            .next()?
            .ok()
    });
    let text = |name: &str| shown[name].as_str().unwrap().to_owned();
    Opened {
        process,
        address: text("address"),
        fingerprint: text("fingerprint"),
        code: text("code"),
        log,
    }
}

#[track_caller]
fn send(address: &str, pin: &str, key: &str, code: &str, more: &[&str]) -> Outcome {
    let mut command = sluice();
    command
        .args([
            "gateway",
            "remote-registration",
            "send",
            address,
            "--pin",
            pin,
            "-o",
            "json",
        ])
        .args(more);
    finish(command, Some(&format!("{key}\n{code}\n")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_is_registered_from_another_while_it_is_open() {
    let factory = Factory::start();
    let key = factory.rest().make_gateway("gw").await;
    let mut node = Gateway::empty("gw");
    let folder = tempfile::tempdir().unwrap();
    // An address that others reach has to be meant.
    let exposed = node.ask(&["remote-registration", "open", "--listen", "0.0.0.0:0"]);
    exposed.expect_fault("SL1001");
    let opened = open(&node.state(), folder.path());
    let Opened {
        address,
        fingerprint,
        code,
        ..
    } = &opened;
    // Another certificate: nothing is sent.
    let other = fingerprint.replace(['0', '1'], "2");
    send(address, &other, &key, code, &[]).expect_fault("SL5035");
    send(address, "00:11", &key, code, &[]).expect_fault("SL1001");
    // A wrong code, and a key that is none, do not close the door at once.
    let refused = send(address, fingerprint, &key, "guess", &[]).expect_fault("SL5034");
    assert!(!refused.stderr.contains(&key), "{}", refused.stderr);
    assert!(!node.state().join("gateway.toml").exists());
    let registered = send(address, fingerprint, &key, code, &["--name", "from-afar"]).expect(0);
    assert_eq!(registered.json()["node_name"], "from-afar");
    let Opened {
        mut process,
        log,
        code,
        address,
        fingerprint,
    } = opened;
    assert!(process.wait(Duration::from_secs(60)).success());
    // Both sides are told of in its log, without what is secret.
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(
        text.contains("was refused") && text.contains("registered from outside"),
        "{text}"
    );
    assert!(
        !text.contains(&key) && text.matches(code.as_str()).count() == 1,
        "{text}"
    );
    // It is over, and cannot be opened again.
    let port = address.rsplit(':').next().unwrap().parse::<u16>().unwrap();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    send(&address, &fingerprint, &key, &code, &[]).expect_fault("SL5036");
    node.ask(&["remote-registration", "open", "--listen", "127.0.0.1:0"])
        .expect_fault("SL2004");
    node.boot();
    node.online(&factory).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_tries_codes_finds_the_door_closed() {
    let factory = Factory::start();
    let key = factory.rest().make_gateway("gw").await;
    let node = Gateway::empty("gw");
    let folder = tempfile::tempdir().unwrap();
    let mut opened = open(&node.state(), folder.path());
    for _ in 0..5 {
        send(&opened.address, &opened.fingerprint, &key, "guess", &[]).expect_fault("SL5034");
    }
    let ended = opened.process.wait(Duration::from_secs(60));
    assert!(!ended.success());
    let text = std::fs::read_to_string(&opened.log).unwrap();
    assert!(
        text.contains("too many wrong codes") && text.contains("SL5034"),
        "{text}"
    );
    send(&opened.address, &opened.fingerprint, &key, &opened.code, &[]).expect_fault("SL5036");
    assert!(!node.state().join("gateway.toml").exists());
    // Another opening has another code.
    let again = tempfile::tempdir().unwrap();
    let second = open(&node.state(), again.path());
    assert_ne!(second.code, opened.code);
    send(&second.address, &second.fingerprint, &key, &opened.code, &[]).expect_fault("SL5034");
}
