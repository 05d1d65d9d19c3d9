//! Python with the published clients, as a second opinion.

use crate::{root, test_env};
use serde_json::Value;
use std::process::{Command, Output};

/// The interpreter of the tests' own environment.
pub fn python() -> Command {
    python_in("venv")
}

/// The interpreter of one of the virtual environments.
fn python_in(venv: &str) -> Command {
    let mut command = Command::new(test_env(&format!("{venv}/bin/python")));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Runs a script of `tests/` with arguments.
pub fn run(script: &str, args: &[&str]) -> Output {
    run_in("venv", script, args)
}

fn run_in(venv: &str, script: &str, args: &[&str]) -> Output {
    python_in(venv)
        .arg(root().join("tests").join(script))
        .args(args)
        .output()
        .expect("python starts")
}

/// The same; the script prints one JSON value, and failing is a panic with all it printed.
pub fn json(script: &str, args: &[&str]) -> Value {
    json_in("venv", script, args)
}

/// The same in another virtual environment than the usual one.
pub fn json_in(venv: &str, script: &str, args: &[&str]) -> Value {
    let output = run_in(venv, script, args);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{script} failed\n{stdout}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let last = stdout.trim().lines().next_back().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|e| panic!("{script} printed no JSON ({e}): {stdout}"))
}
