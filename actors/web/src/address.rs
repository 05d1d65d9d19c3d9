//! Which addresses may be called.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use sluice_contract::{Code, Fault};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use url::{Host, Url};

/// Which addresses may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Any.
    Anywhere,
    /// Those of the public internet only.
    Public,
}

impl Reach {
    /// Checks an address that stands in a URL as a number; names are checked when they are resolved.
    ///
    /// # Errors
    /// `SL6025`.
    pub(crate) fn check(self, url: &Url) -> Result<(), Fault> {
        let refused = |why: String| Err(Fault::new(Code::WebAddressRefused, why));
        if !matches!(url.scheme(), "http" | "https") {
            return refused(format!("{:?} is neither http nor https", url.scheme()));
        }
        let address = match url.host() {
            None => return refused("the URL has no host".to_owned()),
            Some(Host::Domain(_)) => return Ok(()),
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
        };
        match self.allows(address) {
            true => Ok(()),
            false => refused(format!("{address} is not an address of the public internet")),
        }
    }

    pub(crate) fn allows(self, address: IpAddr) -> bool {
        self == Reach::Anywhere || is_public(address)
    }
}

/// Resolves names, and leaves out the addresses that may not be called.
pub(crate) struct Resolver(pub(crate) Reach);

/// What the driver is told when nothing is left; it is found again in the error's causes.
pub(crate) const NOT_PUBLIC: &str = "the name has no address of the public internet";

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| reach.allows(address.ip())).collect();
            match allowed.is_empty() {
                true => Err(NOT_PUBLIC.into()),
                false => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => is_public_v4(inner),
            None => is_public_v6(address),
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        // This network, carriers' shared addresses, protocol assignments, benchmarks, and what is reserved.
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
        || a >= 240
        // The wire server of Azure's machines.
        || address == Ipv4Addr::new(168, 63, 129, 16))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let first = address.segments()[0];
    // Only 2000::/3 is given out; of that, documentation and local tunnels are not.
    first & 0xe000 == 0x2000 && !(first == 0x2001 && address.segments()[1] == 0x0db8) && first != 0x2002
}

/// The older address inside a newer one.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let last = || {
        let [.., a, b, c, d] = address.octets();
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        // NAT64.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => Some(last()),
        _ => address.to_ipv4_mapped(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_public_internet_is_public() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "168.63.129.16",
            "255.255.255.255",
            "224.0.0.1",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2001:db8::1",
            "ff02::1",
            "2002:a00:1::",
        ] {
            let address: IpAddr = address.parse().unwrap();
            assert!(
                !Reach::Public.allows(address) && Reach::Anywhere.allows(address),
                "{address}"
            );
        }
        for address in ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(Reach::Public.allows(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn numbers_in_urls_are_checked_however_they_are_written() {
        for url in [
            "http://127.1/",
            "http://0x7f.1/",
            "http://2130706433/",
            "http://[::ffff:7f00:1]/",
            "ftp://example.com/",
            "file:///etc/passwd",
        ] {
            assert!(Reach::Public.check(&Url::parse(url).unwrap()).is_err(), "{url}");
        }
        assert!(
            Reach::Public
                .check(&Url::parse("https://example.com/").unwrap())
                .is_ok()
        );
    }
}
