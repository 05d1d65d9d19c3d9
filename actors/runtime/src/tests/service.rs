//! A root that has a service manager tells it how the components are.

use std::os::unix::net::UnixDatagram;
use std::sync::Arc;
use std::time::Duration;

use super::probe::{Hardy, Probe, Seen};
use super::world::{PATIENCE, World, test};
use crate::{Options, Service, Strategy};

/// Waits for a datagram with this line.
fn expect(socket: &UnixDatagram, line: &str) {
    let mut buffer = [0; 1024];
    loop {
        let length = socket
            .recv(&mut buffer)
            .unwrap_or_else(|error| panic!("{line}: {error}"));
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if text.lines().any(|found| found == line) {
            return;
        }
    }
}

#[test]
fn a_root_feeds_the_watchdog_and_says_when_it_stops() {
    test(async {
        let path = std::env::temp_dir().join(format!("sluice-runtime-notify-{}", std::process::id()));
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
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
