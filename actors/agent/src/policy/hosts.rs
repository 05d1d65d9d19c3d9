//! Which machines a node connects to.

use super::file::Policy;
use super::refused;
use sluice_contract::{Code, Fault};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// One entry of `hosts.allow` or `hosts.deny`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    host: Name,
    port: Option<u16>,
}

#[derive(Debug, PartialEq, Eq)]
enum Name {
    Any,
    Exactly(String),
    /// `*.example.com`, with the dot.
    Below(String),
    Network(IpAddr, u8),
}

impl Pattern {
    pub(super) fn parse(rule: &str) -> Result<Self, Fault> {
        let invalid = || Fault::new(Code::PolicyInvalid, format!("{rule:?} is no host, address or network"));
        let text = rule.trim().to_ascii_lowercase();
        let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, behind)) => (host.to_owned(), behind.strip_prefix(':').map(str::to_owned)),
            None if text.matches(':').count() == 1 => {
                let (host, port) = text.split_once(':').unwrap_or_default();
                (host.to_owned(), Some(port.to_owned()))
            }
            None => (text, None),
        };
        let port = port.map(|port| port.parse().map_err(|_| invalid())).transpose()?;
        let host = match name.split_once('/') {
            Some((address, bits)) => {
                let address: IpAddr = address.parse().map_err(|_| invalid())?;
                let most = if address.is_ipv4() { 32 } else { 128 };
                let bits = bits.parse().ok().filter(|bits| *bits <= most).ok_or_else(invalid)?;
                Name::Network(address, bits)
            }
            None if name == "*" => Name::Any,
            None => match (name.strip_prefix('*'), name.parse::<IpAddr>()) {
                (Some(rest), _) if rest.starts_with('.') && rest.len() > 1 && !rest.contains('*') => {
                    Name::Below(rest.to_owned())
                }
                (None, Ok(address)) => Name::Network(address, if address.is_ipv4() { 32 } else { 128 }),
                (None, Err(_)) if !name.is_empty() && !name.contains(['*', ' ']) => {
                    Name::Exactly(name.trim_end_matches('.').to_owned())
                }
                _ => return Err(invalid()),
            },
        };
        Ok(Self { host, port })
    }

    fn fits(&self, host: &str, port: Option<u16>, addresses: &[IpAddr]) -> bool {
        let here = match &self.host {
            Name::Any => true,
            Name::Exactly(name) => host == name,
            Name::Below(suffix) => host.ends_with(suffix.as_str()),
            Name::Network(network, bits) => {
                !addresses.is_empty() && addresses.iter().all(|address| is_within(*address, *network, *bits))
            }
        };
        here && self.port.is_none_or(|wanted| port == Some(wanted))
    }

    /// For a denial one address is enough.
    fn touches(&self, host: &str, port: Option<u16>, addresses: &[IpAddr]) -> bool {
        let one = |address: &IpAddr| self.fits(host, port, std::slice::from_ref(address));
        self.fits(host, port, addresses) || addresses.iter().any(one)
    }
}

/// Judges a host by its name, before anybody has looked it up; one that is an address by that. What this lets pass is
/// judged once more, with the addresses, when it is connected to.
///
/// # Errors
/// `SL5021` with the rule.
pub(super) fn judge_name(policy: &Policy, host: &str, port: Option<u16>) -> Result<(), Fault> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return judge(policy, host, port, &[address]);
    }
    let networks = Policy {
        hosts: super::file::Hosts {
            // A name may turn out to be within a network.
            allow: policy
                .hosts
                .allow
                .iter()
                .map(|rule| any_name(rule))
                .collect::<Result<_, _>>()?,
            ..policy.hosts.clone()
        },
        ..Policy::default()
    };
    judge(&networks, host, port, &[])
}

/// A rule for a network as one for every name, with the same port.
fn any_name(rule: &str) -> Result<String, Fault> {
    let pattern = Pattern::parse(rule)?;
    Ok(match (&pattern.host, pattern.port) {
        (Name::Network(..), Some(port)) => format!("*:{port}"),
        (Name::Network(..), None) => "*".to_owned(),
        _ => rule.to_owned(),
    })
}

/// Judges a host by its name and by every address that it has.
///
/// # Errors
/// `SL5021` with the rule.
pub(super) fn judge(policy: &Policy, host: &str, port: Option<u16>, addresses: &[IpAddr]) -> Result<(), Fault> {
    let shown = match port {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let rules = &policy.hosts;
    let list = |rules: &[String]| -> Result<Vec<(String, Pattern)>, Fault> {
        rules
            .iter()
            .map(|rule| Ok((rule.clone(), Pattern::parse(rule)?)))
            .collect()
    };
    if let Some((rule, _)) = list(&rules.deny)?
        .iter()
        .find(|(_, pattern)| pattern.touches(host, port, addresses))
    {
        return Err(refused(&format!("{shown} is denied"), &format!("hosts.deny {rule:?}")));
    }
    let allowed = list(&rules.allow)?;
    if !allowed.iter().any(|(_, pattern)| pattern.fits(host, port, addresses)) {
        return Err(refused(
            &format!("{shown} is not among the hosts that are allowed"),
            "hosts.allow",
        ));
    }
    // Whoever names a host or network by itself means it, whatever kind of address it has; `*` does not say so much.
    let named = allowed
        .iter()
        .any(|(_, pattern)| pattern.host != Name::Any && pattern.fits(host, port, addresses));
    for address in addresses {
        let kind = Kind::of(*address);
        let (fine, rule) = match kind {
            Kind::LinkLocal => (rules.link_local, "hosts.link_local"),
            Kind::Loopback => (rules.loopback || named, "hosts.loopback"),
            Kind::Private => (rules.private || named, "hosts.private"),
            Kind::Public => (true, ""),
        };
        if !fine {
            let what = format!("{shown} has the address {address}, which is {}", kind.words());
            return Err(refused(&what, rule));
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Kind {
    LinkLocal,
    Loopback,
    Private,
    Public,
}

impl Kind {
    fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Self::of_v4(v4),
            IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
                Some(v4) => Self::of_v4(v4),
                None if v6.is_loopback() || v6.is_unspecified() => Self::Loopback,
                // Amazon's and Google's services of a machine's identity.
                None if v6.is_unicast_link_local() || METADATA_V6.contains(&v6) => Self::LinkLocal,
                None if v6.is_unique_local() => Self::Private,
                None => Self::Public,
            },
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        if address.is_link_local() || METADATA_V4.contains(&address) {
            Self::LinkLocal
        } else if address.is_loopback() || address.is_unspecified() {
            Self::Loopback
        } else if address.is_private() || (address.octets()[0] == 100 && (64..128).contains(&address.octets()[1])) {
            Self::Private
        } else {
            Self::Public
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::LinkLocal => "link-local or a cloud's service of a machine's identity",
            Self::Loopback => "this machine itself",
            Self::Private => "of a private network",
            Self::Public => "public",
        }
    }
}

/// Alibaba's and Azure's.
const METADATA_V4: [Ipv4Addr; 2] = [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16)];
const METADATA_V6: [Ipv6Addr; 2] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];

fn is_within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let bits = u32::from(bits);
    match (address.to_canonical(), network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).checked_shr(32 - bits).unwrap_or(0) == 0,
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).checked_shr(128 - bits).unwrap_or(0) == 0,
        _ => false,
    }
}
