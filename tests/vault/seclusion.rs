//! What other programs of the same user get to see of a running one.

use sluice_tests::binary::{self, ready_file};
use sluice_tests::postgres::is_root;
use sluice_tests::process::Process;
use std::path::Path;
use std::process::Command;

/// A program of a user who may not look into every process, as root may with several of its privileges.
fn of_a_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set=-all", "--inh-caps=-all"]).arg(program);
    command
}

/// What another program of the user reads of a factory that was started like this.
fn reads(traceable: bool) -> String {
    let dir = tempfile::tempdir().unwrap();
    let ready = dir.path().join("ready.json");
    let mut command = of_a_user(&binary::path());
    command
        .args([
            "factory",
            "run",
            "--host",
            "127.0.0.1",
            "--listen",
            "127.0.0.1:0",
            "--amqp-listen",
            "127.0.0.1:0",
        ])
        .arg("--state")
        .arg(dir.path().join("state"))
        .arg("--ready-file")
        .arg(&ready)
        .env("SLUICE_TRACEABLE", if traceable { "1" } else { "0" })
        .env("A_SECRET", "of-the-environment");
    let mut process = Process::start("factory", dir.path(), command);
    ready_file(&mut process, &ready);
    let output = of_a_user(Path::new("cat"))
        .arg(format!("/proc/{}/environ", process.pid()))
        .output()
        .unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn other_programs_of_the_user_do_not_see_inside() {
    // Where it was asked for they do, and so the test sees what there is to be seen.
    let seen = reads(true);
    assert!(seen.contains("of-the-environment"), "{seen}");
    let refused = reads(false);
    assert!(!refused.contains("of-the-environment"), "{refused}");
    assert!(
        refused.contains("denied") || refused.contains("not permitted"),
        "{refused}"
    );
}
