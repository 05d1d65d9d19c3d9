//! Which addresses are not called: those at which a cloud gives its machines their own credentials. Whoever may write a
//! pipeline may have a node call what it reaches, but not act as the machine that it runs on.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use sluice_contract::{Code, Fault};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use url::{Host, Url};

/// Checks the scheme, and an address that stands in the URL as a number; names are checked when they are resolved.
///
/// # Errors
/// `SL6025`.
pub(crate) fn check(url: &Url) -> Result<(), Fault> {
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
    match is_allowed(address) {
        true => Ok(()),
        false => refused(format!("{address} is {REFUSED}")),
    }
}

/// What the driver is told when a name has no other address; it is found again in the error's causes.
pub(crate) const REFUSED: &str = "the address of a machine's own services";

/// Resolves names, and leaves out the addresses that are not called.
pub(crate) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| is_allowed(address.ip())).collect();
            match allowed.is_empty() {
                true => Err(REFUSED.into()),
                false => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

fn is_allowed(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_allowed_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(inner) => is_allowed_v4(inner),
            // Link-local, and where Amazon's machines ask for theirs.
            None => {
                address.segments()[0] & 0xffc0 != 0xfe80
                    && address != Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)
            }
        },
    }
}

fn is_allowed_v4(address: Ipv4Addr) -> bool {
    // 168.63.129.16 is the wire server of Azure's machines, 100.100.100.200 what Alibaba's ask.
    let others = [Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(100, 100, 100, 200)];
    !address.is_link_local() && !others.contains(&address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_of_the_machine_are_not_called_however_they_are_written() {
        for url in [
            "http://169.254.169.254/latest/meta-data",
            "http://0xa9fea9fe/",
            "http://2852039166/",
            "http://[::ffff:a9fe:a9fe]/",
            "http://[fd00:ec2::254]/",
            "http://[fe80::1]/",
            "http://168.63.129.16/",
            "ftp://example.com/",
            "file:///etc/passwd",
        ] {
            let fault = check(&Url::parse(url).unwrap()).unwrap_err();
            assert_eq!(fault.code, Code::WebAddressRefused, "{url}");
        }
        for url in [
            "https://example.com/",
            "http://10.0.0.1/",
            "http://127.0.0.1:8080/",
            "http://[::1]/",
        ] {
            assert!(check(&Url::parse(url).unwrap()).is_ok(), "{url}");
        }
    }
}
