//! A child process with its log, killed when it is dropped.

use crate::poll::until_blocking;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// A server that a test has started.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it. What it prints goes to `NAME.log` in `dir`, behind what an earlier one of that name printed.
    pub fn start(name: &str, dir: &Path, mut command: Command) -> Self {
        let log = dir.join(format!("{name}.log"));
        let out = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .unwrap_or_else(|e| panic!("{}: {e}", log.display()));
        let child = command
            .stdin(Stdio::null())
            .stdout(out.try_clone().expect("a file handle can be cloned"))
            .stderr(out)
            .spawn()
            .unwrap_or_else(|e| panic!("{name} cannot be started ({command:?}): {e}"));
        Self {
            name: name.to_owned(),
            child,
            log,
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it printed so far.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// How it ended, if it has.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    /// Panics with its log when it has ended.
    pub fn assert_running(&mut self) {
        if let Some(status) = self.exited() {
            panic!("{} ended with {status}:\n{}", self.name, self.tail());
        }
    }

    /// Waits until `ready` says so, and panics with the log when the process ends before or the deadline passes.
    pub fn wait_until<T>(&mut self, what: &str, deadline: Duration, mut ready: impl FnMut() -> Option<T>) -> T {
        until_blocking(&format!("{} to be {what}", self.name), deadline, || {
            self.assert_running();
            ready()
        })
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    pub fn kill9(mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a child can be waited for");
    }

    /// Sends a signal by its name, such as `TERM` or `INT`.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.pid().to_string())
            .status();
        assert!(status.expect("kill is there").success(), "kill -{name} {}", self.name);
    }

    /// Waits for it to end by itself.
    pub fn wait(&mut self, deadline: Duration) -> ExitStatus {
        until_blocking(&format!("{} to end", self.name), deadline, || self.exited())
    }

    fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("---- the end of the log of {}:\n{}\n----", self.name, self.tail());
        }
    }
}
