//! Who may call what. A node calls whatever its own policy allows, but for the addresses at which a cloud gives its machines
//! their credentials. A factory calls for everybody who may write a pipeline: neither its own machine nor the networks around
//! it, unless its administrator says so.

use sluice_contract::{Code, Fault};
use sluice_net::{Judge, Network};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;

/// What may be called from where.
#[derive(Clone, Debug)]
pub struct Reach {
    only: Only,
    network: Network,
}

/// From a factory, the networks that it may call beside public addresses; from a node none.
#[derive(Clone, Debug)]
struct Only(Option<Arc<[Net]>>);

impl Reach {
    /// From a node, whose policy and proxy are the network's.
    pub fn node(network: &Network) -> Self {
        Self::over(network, Only(None))
    }

    /// From a factory, which may call these networks beside public addresses.
    pub fn factory(allowed: Vec<Net>) -> Self {
        // Without a proxy: that would resolve names by itself, and reach what is not looked at here.
        Self::over(&Network::open(), Only(Some(allowed.into())))
    }

    fn over(network: &Network, only: Only) -> Self {
        let network = network.and(Arc::new(only.clone()));
        Self { only, network }
    }

    /// The way to what may be called.
    pub(crate) fn network(&self) -> &Network {
        &self.network
    }

    /// Whether an address may be called.
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        self.only.allows(address)
    }
}

impl Judge for Only {
    fn judge(&self, host: &str, _: Option<u16>, addresses: Option<&[IpAddr]>) -> Result<(), Fault> {
        match addresses.into_iter().flatten().find(|address| !self.allows(**address)) {
            None => Ok(()),
            Some(address) => {
                let text = format!("{host}: {address} is no address that is called from here");
                Err(Fault::new(Code::WebAddressRefused, text))
            }
        }
    }
}

impl Only {
    fn allows(&self, address: IpAddr) -> bool {
        let address = plain(address);
        if gives_credentials(address) {
            return false;
        }
        match &self.0 {
            None => true,
            Some(allowed) => is_public(address) || allowed.iter().any(|net| net.has(address)),
        }
    }
}

/// An address, or a network: `10.1.0.0/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net {
    address: IpAddr,
    bits: u8,
}

impl Net {
    fn has(&self, address: IpAddr) -> bool {
        let same = |a: u128, b: u128, width: u8| self.bits == 0 || (a ^ b) >> (width - self.bits) == 0;
        match (self.address, address) {
            (IpAddr::V4(a), IpAddr::V4(b)) => same(a.to_bits().into(), b.to_bits().into(), 32),
            (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), 128),
            _ => false,
        }
    }
}

impl FromStr for Net {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let wrong = || {
            Fault::new(
                Code::ConfigInvalid,
                format!("{text:?} is no address and no network like 10.1.0.0/16"),
            )
        };
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| wrong())?)),
            None => (text.trim(), None),
        };
        let address = plain(address.parse().map_err(|_| wrong())?);
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(width);
        match bits <= width {
            true => Ok(Self { address, bits }),
            false => Err(wrong()),
        }
    }
}

/// An IPv4 address in the clothes of an IPv6 one is what it is.
fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// Link-local addresses, and the others at which clouds give machines their credentials.
fn gives_credentials(address: IpAddr) -> bool {
    match address {
        // 168.63.129.16 is the wire server of Azure's machines, 100.100.100.200 what Alibaba's ask.
        IpAddr::V4(v4) => {
            v4.is_link_local() || [Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(100, 100, 100, 200)].contains(&v4)
        }
        // Link-local, and where Amazon's machines ask for theirs.
        IpAddr::V6(v6) => {
            v6.segments()[0] & 0xffc0 == 0xfe80 || v6 == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)
        }
    }
}

/// Neither this machine nor a network that others do not see.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            // 0/8 is this machine, 100.64/10 is behind a provider's translation, 240/4 is nobody's.
            let special = a == 0 || (a == 100 && b & 0xc0 == 64) || a >= 240;
            !(special || v4.is_loopback() || v4.is_private() || v4.is_multicast() || v4.is_broadcast())
        }
        IpAddr::V6(v6) => {
            let first = v6.segments()[0];
            // What translates to IPv4 leads to addresses that were not looked at: 64:ff9b::/96, 2002::/16, ::a.b.c.d.
            let translated = first == 0x2002 || (first == 0x64 && v6.segments()[1] == 0xff9b) || first == 0;
            let local = first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfec0;
            !(translated || local || v6.is_loopback() || v6.is_unspecified() || v6.is_multicast())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(reach: &Reach, address: &str) -> bool {
        reach.allows(address.parse().unwrap())
    }

    #[test]
    fn a_factory_calls_public_addresses_only() {
        let factory = Reach::factory(Vec::new());
        for address in ["8.8.8.8", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(allows(&factory, address), "{address}");
        }
        for address in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.169.254",
            "168.63.129.16",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "fd12::1",
            "fe80::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
        ] {
            assert!(!allows(&factory, address), "{address}");
        }
    }

    #[test]
    fn an_administrator_may_allow_networks_but_no_credentials() {
        let nets = ["10.1.0.0/16", "127.0.0.1", "fd12::/16", "0.0.0.0/0"].map(|net| net.parse::<Net>().unwrap());
        let some = Reach::factory(nets[..3].to_vec());
        for (address, wanted) in [
            ("10.1.255.1", true),
            ("10.2.0.1", false),
            ("127.0.0.1", true),
            ("127.0.0.2", false),
            ("::ffff:10.1.0.1", true),
            ("fd12:1::1", true),
            ("fd13::1", false),
        ] {
            assert_eq!(allows(&some, address), wanted, "{address}");
        }
        let all = Reach::factory(nets.to_vec());
        assert!(allows(&all, "192.168.1.1") && !allows(&all, "169.254.169.254"));
        for text in ["", "10.0.0.0/33", "10.0.0/8", "host", "::/129", "1.2.3.4/x"] {
            assert_eq!(text.parse::<Net>().unwrap_err().code, Code::ConfigInvalid, "{text}");
        }
    }
}
