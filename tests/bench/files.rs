//! `make bench-files`: files to Blob Storage (Azurite), Sluice beside azcopy, in turns on the same server and the same machine.
//!
//! Prints one line per run and the ratio of the medians: wall seconds, and the client's own CPU seconds (user and system).
//! Called with `copy FOLDER CONNECTION_STRING PARALLEL` it is Sluice's side of it.
#![allow(clippy::unwrap_used)]

use aws_lc_rs::hmac;
use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};
use sluice_contract::job::CopyProgress;
use sluice_contract::{JobId, Object};
use sluice_copy::{Always, CopyJob, CopyOptions};
use sluice_store_core::{CommitKey, Connector, SinkRequest, SourceRequest, StoreProperties};
use sluice_tests::azurite::{ACCOUNT, Azurite, KEY};
use sluice_tests::test_env;
use std::path::Path;
use std::process::Command;

const CONTAINER: &str = "bench";

/// Seconds of one run, and the largest memory in MB.
#[derive(Clone, Copy, Debug)]
struct Cost {
    wall: f64,
    cpu: f64,
    peak: f64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["copy", folder, connection, parallel] => runtime.block_on(copy(folder, connection, parallel)),
        _ => runtime.block_on(compare()),
    }
}

fn object(value: Value) -> Object {
    value.as_object().cloned().unwrap()
}

async fn copy(folder: &str, connection: &str, parallel: &str) {
    sluice_tests::init_tls();
    let properties = |kind: &str, public: Value| StoreProperties {
        kind: kind.to_owned(),
        public: object(public),
        ..StoreProperties::default()
    };
    let connect = |connector: std::sync::Arc<dyn Connector>, properties| async move {
        connector.connect(properties).await.unwrap()
    };
    let settings = json!({ "parallelCopies": parallel.parse::<u32>().unwrap() });
    let blob = json!({"type": "AzureBlobStorageLocation", "container": CONTAINER, "folderPath": "sluice"});
    let job = CopyJob {
        key: CommitKey {
            job: JobId::generate(),
            attempt: 1,
            token: 1,
        },
        source: connect(
            sluice_store_file::connector(),
            properties("FileServer", json!({ "host": folder })),
        )
        .await,
        source_request: SourceRequest {
            dataset_kind: "Binary".to_owned(),
            dataset: object(json!({"location": {"type": "FileServerLocation"}})),
            ..SourceRequest::default()
        },
        sink: connect(
            sluice_store_object::connector(),
            properties("AzureBlobStorage", json!({ "connectionString": connection })),
        )
        .await,
        sink_request: SinkRequest {
            dataset_kind: "Binary".to_owned(),
            dataset: object(json!({ "location": blob })),
            ..SinkRequest::default()
        },
        logs: Default::default(),
        options: CopyOptions::from_settings(&object(settings), 256 << 20).unwrap(),
        continuation: Default::default(),
    };
    let (progress, _watching) = tokio::sync::watch::channel(CopyProgress::default());
    let done = sluice_copy::run(job, &Always, progress, Default::default())
        .await
        .unwrap();
    assert_eq!(done.bytes_read, done.bytes_written);
}

/// An account's shared access signature, for azcopy.
fn signature() -> String {
    let expiry = (chrono::Utc::now() + chrono::Duration::days(1))
        .format("%Y-%m-%dT%H:%M:%SZ")
        .to_string();
    let (permissions, services, kinds, version) = ("rwdlac", "b", "sco", "2020-10-02");
    let text = format!("{ACCOUNT}\n{permissions}\n{services}\n{kinds}\n\n{expiry}\n\nhttps,http\n{version}\n");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &BASE64_STANDARD.decode(KEY).unwrap());
    let signed = BASE64_STANDARD.encode(hmac::sign(&key, text.as_bytes()));
    let signed = signed.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    format!(
        "sv={version}&ss={services}&srt={kinds}&sp={permissions}&se={}&spr=https,http&sig={signed}",
        expiry.replace(':', "%3A")
    )
}

/// Runs a command to its end.
fn time(mut command: Command) -> Cost {
    let (program, arguments) = (
        command.get_program().to_owned(),
        command.get_args().map(ToOwned::to_owned).collect::<Vec<_>>(),
    );
    let mut timed = Command::new("python3");
    let script = "import os, resource, subprocess, sys, time\n\
        began = time.monotonic()\n\
        code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode\n\
        used = resource.getrusage(resource.RUSAGE_CHILDREN)\n\
        print(time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)\n\
        sys.exit(code)";
    timed.args(["-c", script]).arg(program).args(arguments);
    for (name, value) in command.get_envs() {
        timed.env(name, value.unwrap());
    }
    let output = timed.output().unwrap();
    let (text, error) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "{:?} failed: {text} {error}",
        command.env_clear()
    );
    let numbers: Vec<f64> = text.split_whitespace().map(|word| word.parse().unwrap()).collect();
    Cost {
        wall: numbers[0],
        cpu: numbers[1],
        peak: numbers[2],
    }
}

fn median(runs: &[Cost], of: fn(&Cost) -> f64) -> f64 {
    let mut values: Vec<f64> = runs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn compare() {
    let azcopy = test_env("azcopy/node_modules/@azure-tools/azcopy-linux/dist/bin/azcopy_linux_amd64");
    let azcopy = azcopy.to_str().unwrap();
    let rounds = std::env::var("BENCH_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(3);
    let work = tempfile::tempdir().unwrap();
    for (name, files, size, parallel) in [
        ("one file of 766 MB", 1, 766_000_000, 4),
        ("2,000 files of 20 KB", 2000, 20_000, 16),
    ] {
        let folder = work.path().join(files.to_string());
        std::fs::create_dir(&folder).unwrap();
        for number in 0..files {
            std::fs::write(folder.join(format!("{number}.bin")), noise(number, size)).unwrap();
        }
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 1..=rounds {
            ours.push(run(|server| sluice(&folder, server, parallel)).await);
            theirs.push(run(|server| peer(azcopy, &folder, server, work.path())).await);
            let (a, b) = (ours.last().unwrap(), theirs.last().unwrap());
            println!(
                "{name}, round {round}: sluice {:6.2} s wall {:6.2} s CPU {:4.0} MB | azcopy {:6.2} s wall {:6.2} s CPU {:4.0} MB",
                a.wall, a.cpu, a.peak, b.wall, b.cpu, b.peak
            );
        }
        let ratio = |of: fn(&Cost) -> f64| median(&ours, of) / median(&theirs, of);
        println!(
            "{name}, sluice / azcopy, medians: wall {:.2}, CPU {:.2}, memory {:.2}",
            ratio(|c| c.wall),
            ratio(|c| c.cpu),
            ratio(|c| c.peak)
        );
        std::fs::remove_dir_all(folder).unwrap();
    }
}

/// A server of its own for every run: it keeps all in memory.
async fn run(command: impl Fn(&Azurite) -> Command) -> Cost {
    sluice_tests::init_tls();
    let server = Azurite::http();
    server.client().create_container(CONTAINER).await;
    let cost = time(command(&server));
    assert!(!server.client().list(CONTAINER).await.is_empty());
    cost
}

fn sluice(folder: &Path, server: &Azurite, parallel: u32) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .arg("copy")
        .arg(folder)
        .arg(server.connection_string())
        .arg(parallel.to_string());
    command
}

fn peer(azcopy: &str, folder: &Path, server: &Azurite, work: &Path) -> Command {
    let mut command = Command::new(azcopy);
    command
        .arg("copy")
        .arg(folder)
        .arg(format!("{}/{CONTAINER}?{}", server.endpoint(), signature()))
        .args(["--recursive", "--from-to", "LocalBlob", "--log-level", "NONE"])
        .env("AZCOPY_LOG_LOCATION", work.join("azcopy"))
        .env("AZCOPY_JOB_PLAN_LOCATION", work.join("azcopy"))
        .env("AZCOPY_DISABLE_SYSLOG", "true");
    command
}

/// Bytes that do not compress.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
