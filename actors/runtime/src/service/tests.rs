//! What arrives at a real datagram socket, in the abstract namespace.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

use super::Service;

/// A service manager's socket, and the connection to it.
fn manager(name: &str) -> (UnixDatagram, Service) {
    let name = format!("sluice-runtime-{name}-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let socket = UnixDatagram::bind_addr(&address).unwrap();
    socket.set_nonblocking(true).unwrap();
    let service = Service::connect(&OsString::from(format!("@{name}")), Some(Duration::from_secs(10)));
    (socket, service.unwrap())
}

/// What has arrived since the last time.
fn arrived(socket: &UnixDatagram) -> Vec<String> {
    let mut buffer = [0; 1024];
    let mut texts = Vec::new();
    loop {
        match socket.recv(&mut buffer) {
            Ok(length) => texts.push(String::from_utf8_lossy(&buffer[..length]).into_owned()),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return texts;
            }
        }
    }
}

#[test]
fn ready_status_and_stopping_are_told() {
    let (socket, service) = manager("told");
    service.ready("serves\nWATCHDOG=1");
    service.status("drains");
    service.stopping("ends");
    let told = arrived(&socket);
    assert_eq!(told.len(), 3, "{told:?}");
    // A text cannot add a line of its own.
    assert_eq!(told[0].lines().count(), 2, "{told:?}");
    assert!(told[0].starts_with("READY=1\nSTATUS=serves"), "{told:?}");
    assert_eq!(told[1..], ["STATUS=drains", "STOPPING=1\nSTATUS=ends"]);
}

#[test]
fn the_watchdog_is_fed_at_half_its_interval_and_only_while_all_is_well() {
    let (socket, service) = manager("fed");
    let start = Instant::now();
    let mut feeding = service.feeding(start);
    let mut fed_at = |seconds: u64, well: bool| {
        feeding.round(start + Duration::from_secs(seconds), well, || "fine".to_owned());
        arrived(&socket).iter().filter(|text| *text == "WATCHDOG=1").count()
    };
    assert_eq!(fed_at(0, true), 1);
    assert_eq!(fed_at(4, true), 0);
    assert_eq!(fed_at(5, true), 1);
    // Somebody makes no progress, or the watchdog was late: the service manager gets nothing, however long it takes.
    assert_eq!((10..60).map(|second| fed_at(second, false)).sum::<usize>(), 0);
    assert_eq!(fed_at(60, true), 1);
}

#[test]
fn a_manager_that_is_gone_disturbs_nobody() {
    let (socket, service) = manager("gone");
    drop(socket);
    service.ready("serves");
    assert!(Service::connect(&OsString::from("@sluice-runtime-nobody"), None).is_err());
    assert!(Service::connect(&OsString::from("relative"), None).is_err());
}
