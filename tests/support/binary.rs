//! The binary under test.

use crate::poll::until_blocking;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

/// How long a command that should end may take.
const PATIENCE: Duration = Duration::from_secs(240);

/// Where `sluice` lies: `SLUICE_TEST_BINARY`, or beside this test's own program, as cargo builds it.
///
/// Without the variable, a binary that is older than its sources fails the test: it would test something else.
pub fn path() -> PathBuf {
    if let Some(path) = std::env::var_os("SLUICE_TEST_BINARY") {
        let path = PathBuf::from(path);
        assert!(path.exists(), "SLUICE_TEST_BINARY={} does not exist", path.display());
        return path;
    }
    let test = std::env::current_exe().expect("a program knows where it lies");
    let profile = test.parent().and_then(Path::parent).expect("target/PROFILE/deps/NAME");
    let path = profile.join("sluice");
    let built = std::fs::metadata(&path).and_then(|meta| meta.modified());
    let built = built.unwrap_or_else(|e| {
        panic!(
            "{}: {e}. Build it first: cargo build --workspace --bins (make test does)",
            path.display()
        )
    });
    for folder in ["src", "actors", "protocol"] {
        if let Some(newer) = newer_source(&crate::root().join(folder), built) {
            panic!(
                "{} is older than {}: cargo build --workspace --bins (make test does)",
                path.display(),
                newer.display()
            );
        }
    }
    path
}

fn newer_source(folder: &Path, than: SystemTime) -> Option<PathBuf> {
    for entry in std::fs::read_dir(folder).ok()?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            // What is in these is not in the binary.
            let aside = ["tests", "benches", "examples", "fuzz", "target"].map(Some);
            if aside.contains(&path.file_name().and_then(|name| name.to_str())) {
                continue;
            }
            if let Some(newer) = newer_source(&path, than) {
                return Some(newer);
            }
        } else if path.extension().is_some_and(|ext| ext == "rs")
            && path.file_name().is_some_and(|name| name != "tests.rs")
            && entry
                .metadata()
                .and_then(|meta| meta.modified())
                .is_ok_and(|at| at > than)
        {
            return Some(path);
        }
    }
    None
}

/// A command of `sluice` that sees none of the caller's settings.
pub fn sluice() -> Command {
    let mut command = Command::new(path());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SLUICE_") {
            command.env_remove(name);
        }
    }
    // Tests look at sockets, environment and memory, which root alone may do otherwise.
    if !crate::postgres::is_root() {
        command.env("SLUICE_TRACEABLE", "1");
    }
    command.env_remove("RUST_LOG").env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// What a command did.
#[derive(Debug)]
pub struct Outcome {
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    /// The data.
    pub stdout: String,
    /// All the rest.
    pub stderr: String,
}

impl Outcome {
    /// Panics with everything it printed unless it ended with this code.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "exit code\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// Its standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("not JSON ({e}): {}", self.stdout))
    }

    /// Panics unless it failed with this catalogue code, a cause and a next step on standard error, and no panic.
    #[track_caller]
    pub fn expect_fault(self, code: &str) -> Self {
        assert_ne!(self.code, 0, "it succeeded\n{}\n{}", self.stdout, self.stderr);
        assert!(self.stderr.contains(code), "no {code} in: {}", self.stderr);
        let page = sluice_contract::Code::parse(code)
            .expect("a code of the catalogue")
            .page();
        assert!(
            self.stderr.contains(page.next),
            "no next step ({}) in: {}",
            page.next,
            self.stderr
        );
        assert!(!self.stderr.contains("panicked at"), "{}", self.stderr);
        self
    }
}

/// Runs `sluice ARGS` to its end.
#[track_caller]
pub fn run(args: &[&str]) -> Outcome {
    let mut command = sluice();
    command.args(args);
    finish(command, None)
}

/// Runs a command to its end, with something on its standard input.
#[track_caller]
pub fn finish(mut command: Command, stdin: Option<&str>) -> Outcome {
    let mut child = command
        .stdin(if stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("{command:?}: {e}"));
    if let (Some(text), Some(mut pipe)) = (stdin, child.stdin.take()) {
        // A command that does not read its input is no failure of this helper.
        let _ = pipe.write_all(text.as_bytes());
    }
    let drain = |pipe: Option<Box<dyn Read + Send>>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(mut pipe) = pipe {
                let _ = pipe.read_to_end(&mut bytes);
            }
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let stdout = drain(child.stdout.take().map(|pipe| Box::new(pipe) as _));
    let stderr = drain(child.stderr.take().map(|pipe| Box::new(pipe) as _));
    let start = std::time::Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            break status;
        }
        if start.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            panic!(
                "{command:?} did not end in {PATIENCE:?}\n{}\n{}",
                stdout.join().unwrap_or_default(),
                stderr.join().unwrap_or_default()
            );
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    Outcome {
        code: status.code().unwrap_or(-1),
        stdout: stdout.join().unwrap_or_default(),
        stderr: stderr.join().unwrap_or_default(),
    }
}

/// Reads a ready file as soon as it is whole.
pub fn ready_file(process: &mut crate::process::Process, path: &Path) -> serde_json::Value {
    process.wait_until("ready", Duration::from_secs(60), || {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    })
}

/// Waits for a file to be there.
pub fn wait_for_file(path: &Path, deadline: Duration) {
    until_blocking(&path.display().to_string(), deadline, || path.exists().then_some(()));
}
