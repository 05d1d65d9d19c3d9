//! A test that runs itself again, as a process of its own.

use std::process::{Child, Command, Stdio};

use super::world::hush;

/// Set in the process that a test starts.
const CHILD: &str = "SLUICE_RUNTIME_TEST_CHILD";

/// What became of the process.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stderr: String,
}

/// In the process that a test has started: runs `body` and ends with its exit code. Otherwise does nothing.
pub(crate) fn be_the_child(body: impl FnOnce() -> i32) {
    if std::env::var_os(CHILD).is_some() {
        hush();
        std::process::exit(body());
    }
}

/// Starts the test of this path, such as `process::it_ends`, as a process of its own.
pub(crate) fn start(test: &str, environment: &[(&str, &str)]) -> Child {
    start_by(Command::new(std::env::current_exe().unwrap()), test, environment)
}

/// The same, by a command that runs the program with the arguments behind it.
pub(crate) fn start_by(mut command: Command, test: &str, environment: &[(&str, &str)]) -> Child {
    command
        .args(["--exact", &format!("tests::{test}"), "--nocapture"])
        .env(CHILD, "1")
        .envs(environment.iter().copied())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits for its end. Fails when it was ended by a signal, such as that of an abort.
pub(crate) fn end(child: Child) -> Ended {
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let code = output.status.code();
    Ended {
        code: code.unwrap_or_else(|| panic!("ended by a signal: {stderr}")),
        stderr,
    }
}

/// Runs `body` in a process of its own, which is this test over again.
pub(crate) fn in_a_process(test: &str, body: impl FnOnce() -> i32) -> Ended {
    be_the_child(body);
    end(start(test, &[]))
}

/// Sends a signal to the process.
#[cfg(unix)]
pub(crate) fn signal(name: &str, pid: u32) {
    let sent = Command::new("kill").args([name, &pid.to_string()]).status().unwrap();
    assert!(sent.success(), "kill {name} {pid}");
}
