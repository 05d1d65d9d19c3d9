//! The sockets of a process, as the kernel tells them.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One socket of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Socket {
    /// A TCP socket that takes connections.
    TcpListener {
        /// Its address.
        address: IpAddr,
        /// Its port.
        port: u16,
    },
    /// A TCP connection.
    Tcp {
        /// This end's port.
        local: u16,
        /// The other end's address.
        remote: IpAddr,
        /// The other end's port.
        remote_port: u16,
    },
    /// A UDP socket, which anybody can send to unless it is connected.
    Udp {
        /// Its port.
        port: u16,
        /// Whether it is connected to one peer.
        connected: bool,
    },
    /// A unix socket that takes connections, with its path.
    UnixListener(String),
}

/// Every socket that the process has open.
pub fn sockets(pid: u32) -> Vec<Socket> {
    let inodes = inodes(pid);
    let mut found = Vec::new();
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let text = std::fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            if fields.len() > 9 && inodes.contains(fields[9]) {
                found.push(inet(table, fields[1], fields[2], fields[3]));
            }
        }
    }
    let unix = std::fs::read_to_string(format!("/proc/{pid}/net/unix")).unwrap_or_default();
    for line in unix.lines().skip(1) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        // Flags: __SO_ACCEPTCON, the socket listens.
        if fields.len() > 6 && inodes.contains(fields[6]) && fields[3] == "00010000" {
            found.push(Socket::UnixListener(fields.get(7).unwrap_or(&"").to_string()));
        }
    }
    found
}

fn inodes(pid: u32) -> HashSet<String> {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/fd")) else {
        return HashSet::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let target = std::fs::read_link(entry.path()).ok()?;
            Some(target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
        })
        .collect()
}

fn inet(table: &str, local: &str, remote: &str, state: &str) -> Socket {
    let (address, port) = endpoint(local);
    let (remote, remote_port) = endpoint(remote);
    const LISTEN: &str = "0A";
    match (table.starts_with("udp"), state) {
        (true, _) => Socket::Udp {
            port,
            connected: remote_port != 0,
        },
        (false, LISTEN) => Socket::TcpListener { address, port },
        (false, _) => Socket::Tcp {
            local: port,
            remote,
            remote_port,
        },
    }
}

/// `0100007F:1F90`: the address as words in the machine's byte order, then the port.
fn endpoint(text: &str) -> (IpAddr, u16) {
    let (address, port) = text.split_once(':').expect("ADDRESS:PORT");
    let words: Vec<u8> = (0..address.len() / 8)
        .flat_map(|i| {
            u32::from_str_radix(&address[i * 8..i * 8 + 8], 16)
                .unwrap()
                .to_ne_bytes()
        })
        .collect();
    let address = match <[u8; 4]>::try_from(words.as_slice()) {
        Ok(v4) => IpAddr::V4(Ipv4Addr::from(v4)),
        Err(_) => {
            let v6 = Ipv6Addr::from(<[u8; 16]>::try_from(words.as_slice()).unwrap());
            v6.to_ipv4_mapped().map_or(IpAddr::V6(v6), IpAddr::V4)
        }
    };
    (address, u16::from_str_radix(port, 16).unwrap())
}

/// Processes by their parent, to look at a tree of them.
pub fn children(pid: u32) -> Vec<u32> {
    let mut parents: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(child) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The name in brackets may hold anything; the parent is the second field behind it.
        let parent = stat
            .rsplit_once(')')
            .and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
        if let Some(parent) = parent {
            parents.entry(parent).or_default().push(child);
        }
    }
    parents.remove(&pid).unwrap_or_default()
}
