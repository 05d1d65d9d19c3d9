//! Addresses that stand in URLs are looked at before they are called, by whatever redirect: only what [`Reach`] allows is. Those
//! that names have are when they are connected to.

use crate::Reach;
use sluice_contract::{Code, Fault};
use std::net::IpAddr;
use url::{Host, Url};

/// Checks the scheme, and an address that stands in the URL as a number; names are checked when they are resolved.
///
/// # Errors
/// `SL6025`.
pub(crate) fn check(url: &Url, reach: &Reach) -> Result<(), Fault> {
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
    match reach.allows(address) {
        true => Ok(()),
        false => refused(format!("{address} is no address that is called from here")),
    }
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
            let fault = check(&Url::parse(url).unwrap(), &Reach::node(&sluice_net::Network::open())).unwrap_err();
            assert_eq!(fault.code, Code::WebAddressRefused, "{url}");
        }
        for url in [
            "http://127.0.0.1/",
            "http://0177.1/",
            "http://[::1]/",
            "http://192.168.0.1/",
            "http://2130706433/",
        ] {
            let fault = check(&Url::parse(url).unwrap(), &Reach::factory(Vec::new())).unwrap_err();
            assert_eq!(fault.code, Code::WebAddressRefused, "{url}");
        }
        for url in [
            "https://example.com/",
            "http://10.0.0.1/",
            "http://127.0.0.1:8080/",
            "http://[::1]/",
        ] {
            assert!(
                check(&Url::parse(url).unwrap(), &Reach::node(&sluice_net::Network::open())).is_ok(),
                "{url}"
            );
        }
    }
}
