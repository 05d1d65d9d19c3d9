//! A root that has a service manager tells it how the components are.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use super::child::{be_the_child, end, start, start_by};
use super::probe::{Hardy, Probe, Seen};
use super::world::{PATIENCE, World, test};
use crate::{Options, Placement, Service, Strategy, run};

/// Waits for a datagram with this line; all that came, to the last.
fn expect(socket: &UnixDatagram, line: &str) -> Vec<String> {
    let mut buffer = [0; 1024];
    let mut lines = Vec::new();
    loop {
        let length = socket
            .recv(&mut buffer)
            .unwrap_or_else(|error| panic!("{line}: {error}"));
        let text = String::from_utf8_lossy(&buffer[..length]);
        lines.extend(text.lines().map(str::to_owned));
        if lines.iter().any(|found| found == line) {
            return lines;
        }
    }
}

/// A service manager's socket and its path.
fn manager(name: &str) -> (UnixDatagram, std::path::PathBuf) {
    let path = std::env::temp_dir().join(format!("sluice-runtime-{name}-{}", std::process::id()));
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    (socket, path)
}

#[test]
fn a_root_feeds_the_watchdog_and_says_when_it_stops() {
    test(async {
        let (socket, path) = manager("notify");
        let service = Service::connect(path.as_os_str(), Some(Duration::from_millis(200))).unwrap();
        let options = Options {
            service: Some(service),
            ..Options::default()
        };
        let world = World::with_options(Strategy::OneForOne, options);
        let _probe = world.start::<Probe<Hardy>>("probe", Arc::<Seen>::default());
        world.root.ready("serves");
        expect(&socket, "READY=1");
        for _ in 0..3 {
            expect(&socket, "WATCHDOG=1");
        }
        world.root.shutdown().await;
        expect(&socket, "STOPPING=1");
        std::fs::remove_file(path).unwrap();
    });
}

const PROGRAM: &str = "service::a_program_finds_its_service_manager_in_the_environment";

#[test]
fn a_program_finds_its_service_manager_in_the_environment() {
    be_the_child(|| {
        let Some(service) = Service::from_env() else {
            return 40;
        };
        drop(service);
        // This one looks for itself.
        run(|root| async move {
            let _probe = root.supervise::<Probe<Hardy>>("probe", Arc::<Seen>::default(), Placement::OwnThread);
            root.ready("serves");
            // Longer than three times half of what the watchdog may take.
            tokio::time::sleep(Duration::from_millis(600)).await;
            41
        })
    });
    let (socket, path) = manager("environment");
    let address = path.to_str().unwrap();

    // As a service manager does it: the process's own number.
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "WATCHDOG_PID=$$ exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap());
    let asked = [("NOTIFY_SOCKET", address), ("WATCHDOG_USEC", "100000")];
    let child = start_by(shell, PROGRAM, &asked);
    expect(&socket, "READY=1");
    for _ in 0..3 {
        expect(&socket, "WATCHDOG=1");
    }
    expect(&socket, "STOPPING=1");
    assert_eq!(end(child).code, 41);

    // The watchdog of somebody else, and one that nobody asked for. On another socket: what the first one said last may come
    // behind its farewell.
    std::fs::remove_file(&path).unwrap();
    let (socket, path) = manager("somebody-else");
    let address = path.to_str().unwrap();
    for more in [
        &[("WATCHDOG_USEC", "100000"), ("WATCHDOG_PID", "1")][..],
        &[("WATCHDOG_USEC", "nonsense")],
        &[("WATCHDOG_USEC", "0")],
        &[],
    ] {
        let environment = [&[("NOTIFY_SOCKET", address)], more].concat();
        let child = start(PROGRAM, &environment);
        let told = expect(&socket, "STOPPING=1");
        assert!(told.contains(&"READY=1".to_owned()), "{told:?}");
        assert!(!told.contains(&"WATCHDOG=1".to_owned()), "{more:?}: {told:?}");
        assert_eq!(end(child).code, 41);
    }
    std::fs::remove_file(&path).unwrap();

    // No service manager, or one that cannot be reached.
    for nobody in ["", "relative", address] {
        let child = start(PROGRAM, &[("NOTIFY_SOCKET", nobody), ("WATCHDOG_USEC", "100000")]);
        assert_eq!(end(child).code, 40, "{nobody:?}");
    }
}
