//! A machine of its own on a cable of its own: a network namespace with a pair of interfaces. Needs root, `ip` of iproute2, and a
//! kernel that has namespaces and `veth`.
//!
//! The cable has three addresses: the namespace's, this side's, and one that stays reachable here when the cable is pulled. Servers
//! for the namespace listen on that one.

use std::ffi::OsStr;
use std::net::Ipv4Addr;
use std::process::Command;

/// A namespace; removed when dropped.
#[derive(Debug)]
pub struct Namespace {
    /// Its name, for `ip netns`.
    pub name: String,
    /// Where servers of this side are reached from there, and from here whether the cable is plugged or not.
    pub here: Ipv4Addr,
    /// The interface of this side.
    cable: String,
}

impl Namespace {
    /// Makes one with a cable that is plugged.
    #[track_caller]
    pub fn start() -> Self {
        // One in each process, in eight addresses of its own.
        let id = std::process::id() % (1 << 18);
        let block = u32::from(Ipv4Addr::new(10, 224, 0, 0)) + id * 8;
        let (this, there, here) = (block + 1, block + 2, block + 3);
        let made = Self {
            name: format!("sluice-test-{id}"),
            here: here.into(),
            cable: format!("slt{id}"),
        };
        let end = format!("sln{id}");
        let address = |of: u32| format!("{}/29", Ipv4Addr::from(of));
        ip(&["netns", "add", &made.name]);
        ip(&["link", "add", &made.cable, "type", "veth", "peer", "name", &end]);
        ip(&["link", "set", &end, "netns", &made.name]);
        ip(&["address", "add", &address(this), "dev", &made.cable]);
        ip(&["address", "add", &format!("{}/32", made.here), "dev", "lo"]);
        made.plug();
        for line in [
            vec!["address", "add", &address(there), "dev", &end],
            vec!["link", "set", &end, "up"],
            vec!["link", "set", "lo", "up"],
        ] {
            let mut args = vec!["-n", &made.name];
            args.extend(line);
            ip(&args);
        }
        made
    }

    /// Pulls the cable: nothing arrives on the other side any more, and nobody is told.
    #[track_caller]
    pub fn pull(&self) {
        ip(&["link", "set", &self.cable, "down"]);
    }

    /// Plugs it in again.
    #[track_caller]
    pub fn plug(&self) {
        ip(&["link", "set", &self.cable, "up"]);
    }
}

/// The command in a namespace of this name, with its arguments and variables.
pub fn within(namespace: &str, command: &Command) -> Command {
    let mut inner = Command::new("ip");
    inner
        .args(["netns", "exec", namespace])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => inner.env(name, value),
            None => inner.env_remove(name),
        };
    }
    inner
}

#[track_caller]
fn ip<S: AsRef<OsStr>>(args: &[S]) {
    let mut command = Command::new("ip");
    command.args(args);
    let needs = "network namespaces need root, `ip` (iproute2) and a kernel with namespaces and veth";
    let output = command.output().unwrap_or_else(|e| panic!("{needs}: {command:?}: {e}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{needs}: {command:?}: {said}");
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let address = format!("{}/32", self.here);
        let _ = Command::new("ip")
            .args(["address", "del", &address, "dev", "lo"])
            .status();
        let _ = Command::new("ip").args(["link", "del", &self.cable]).status();
        let _ = Command::new("ip").args(["netns", "del", &self.name]).status();
    }
}
