//! What a service manager is told, and what it is told to expect.

use sluice_tests::factory::Factory;
use sluice_tests::gateway::Gateway;
use sluice_tests::root;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);
const UNITS: [&str; 2] = ["sluice-factory.service", "sluice-gateway.service"];
/// The worst score that `systemd-analyze security` may give, in tenths: 0 shows nothing, 100 everything.
const EXPOSURE: u32 = 15;

fn unit(name: &str) -> std::path::PathBuf {
    root().join("deploy/systemd").join(name)
}

/// The next messages until one has this line.
fn expect(socket: &UnixDatagram, line: &str) -> String {
    let mut buffer = [0; 4096];
    let since = Instant::now();
    // Others may come for ever.
    while since.elapsed() < PATIENCE {
        let length = socket.recv(&mut buffer).unwrap_or_else(|e| panic!("no {line}: {e}"));
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if text.lines().any(|found| found == line) {
            return text;
        }
    }
    panic!("no {line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_manager_is_told_how_the_agent_is() {
    let factory = Factory::start();
    let mut gateway = Gateway::registered(&factory, "onprem").await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    gateway.boot_with(
        &[],
        &[("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "1000000")],
    );
    assert!(expect(&socket, "READY=1").contains("STATUS="));
    for _ in 0..3 {
        expect(&socket, "WATCHDOG=1");
    }
    gateway.signal("TERM");
    expect(&socket, "STOPPING=1");
}

#[test]
fn the_units_expect_what_is_told() {
    for unit in UNITS {
        let text = std::fs::read_to_string(self::unit(unit)).unwrap();
        let has = |line: &str| text.lines().any(|found| found == line);
        assert!(has("Type=notify") && has("Restart=on-failure"), "{unit}");
        let watchdog = text.lines().find_map(|line| line.strip_prefix("WatchdogSec="));
        let seconds: u32 = watchdog
            .unwrap_or_else(|| panic!("{unit} has no watchdog"))
            .parse()
            .unwrap();
        // Longer than a stall takes to be noticed and repaired.
        assert!((30..=120).contains(&seconds), "{unit}: {seconds}");
        // The socket of the service manager is a unix socket.
        assert!(
            text.contains("RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX"),
            "{unit}"
        );
    }
}

/// How much of the machine a service can see and do, as systemd itself reckons it. systemd need not run.
#[test]
fn the_units_expose_little() {
    for name in UNITS {
        let output = Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--no-pager"])
            .arg(unit(name))
            .env("LANG", "C.UTF-8")
            .output()
            .expect("systemd-analyze is there: tests/env/setup.sh installs it");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let score = text
            .split_once(&format!("Overall exposure level for {name}: "))
            .and_then(|(_, rest)| rest.split(' ').next())
            .unwrap_or_else(|| panic!("no score of {name}: {text}{}", String::from_utf8_lossy(&output.stderr)));
        println!("{name}: exposure {score}");
        let tenths: u32 = score.replace('.', "").parse().unwrap();
        assert!(tenths <= EXPOSURE, "{name} has an exposure of {score}:\n{text}");
    }
}

/// No setting is misspelt, which systemd would pass over with a warning.
#[test]
fn the_units_are_understood() {
    let dir = tempfile::tempdir().unwrap();
    for name in UNITS {
        // Where the program lies here; that it is a program is verified too.
        let text = std::fs::read_to_string(unit(name)).unwrap();
        let here = sluice_tests::binary::path().display().to_string();
        let file = dir.path().join(name);
        std::fs::write(&file, text.replace("/usr/bin/sluice", &here)).unwrap();
        let output = Command::new("systemd-analyze")
            .args(["verify", "--man=no"])
            .arg(&file)
            .output()
            .expect("systemd-analyze is there: tests/env/setup.sh installs it");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let of_it: Vec<&str> = said.lines().filter(|line| line.contains(name)).collect();
        assert!(output.status.success() && of_it.is_empty(), "{said}");
    }
}
