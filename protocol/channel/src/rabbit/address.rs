//! Where a broker is: `amqps://user@host:port/vhost`. The password is kept apart and is never shown.

use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo, SASLMechanism};
use sluice_contract::{Code, Fault};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use zeroize::Zeroizing;

/// A broker's address, without the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerAddress {
    /// Whether TLS is spoken. Without it the host must be this machine.
    pub tls: bool,
    /// The user; empty when the client certificate says who it is.
    pub user: String,
    /// The host's name or address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The virtual host.
    pub vhost: String,
}

impl BrokerAddress {
    /// `host:port`, for messages and for connecting.
    pub fn endpoint(&self) -> String {
        match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V6(_)) => format!("[{}]:{}", self.host, self.port),
            _ => format!("{}:{}", self.host, self.port),
        }
    }

    /// As the library wants it. The heartbeat is in whole seconds.
    pub(super) fn uri(&self, password: &Zeroizing<String>, heartbeat: u16) -> AMQPUri {
        let certificate_only = self.user.is_empty();
        AMQPUri {
            scheme: if self.tls { AMQPScheme::AMQPS } else { AMQPScheme::AMQP },
            authority: AMQPAuthority {
                userinfo: AMQPUserInfo {
                    username: self.user.clone(),
                    password: password.as_str().to_owned(),
                },
                host: self.host.clone(),
                port: self.port,
            },
            vhost: self.vhost.clone(),
            query: AMQPQueryString {
                heartbeat: Some(heartbeat),
                auth_mechanism: certificate_only.then_some(SASLMechanism::External),
                ..AMQPQueryString::default()
            },
        }
    }
}

impl FromStr for BrokerAddress {
    type Err = Fault;

    /// Reads an address. It must not hold the password: addresses are shown, in process lists for instance.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let wrong = |what: &str| {
            Fault::new(
                Code::BrokerAddressInvalid,
                format!("the broker's address {what}; it is of the form amqps://user@host:5671/vhost"),
            )
        };
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(wrong("has no scheme"));
        };
        let (authority, path) = rest.split_once('/').map_or((rest, None), |(a, p)| (a, Some(p)));
        let (info, host_port) = authority.rsplit_once('@').unwrap_or(("", authority));
        if info.contains(':') {
            return Err(wrong("holds a password, which belongs into a file of its own"));
        }
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "amqps" => true,
            "amqp" => false,
            _ => return Err(wrong("is not of amqps")),
        };
        let path = path.unwrap_or("%2f");
        if path.contains(['/', '?', '#']) {
            return Err(wrong("has something behind the virtual host"));
        }
        let (host, port) = match host_port.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().map_err(|_| wrong("has an odd port"))?),
            _ => (host_port, if tls { 5671 } else { 5672 }),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() || port == 0 {
            return Err(wrong("names no host"));
        }
        let unreadable = || wrong("has percents that encode nothing");
        let user = decoded(info).ok_or_else(unreadable)?;
        let vhost = decoded(path).ok_or_else(unreadable)?;
        let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if !tls && !here {
            return Err(wrong("is without TLS, which is for this machine only"));
        }
        Ok(Self {
            tls,
            user,
            host,
            port,
            vhost,
        })
    }
}

impl fmt::Display for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "amqps" } else { "amqp" };
        let (user, vhost) = (encoded(&self.user), encoded(&self.vhost));
        let at = if user.is_empty() { "" } else { "@" };
        write!(f, "{scheme}://{user}{at}{}/{vhost}", self.endpoint())
    }
}

/// Everything but letters, digits and `-_.` in percents.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02x}")),
        }
    }
    out
}

/// The reverse of [`encoded`].
fn decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|digit| char::from(digit).to_digit(16));
        let (high, low) = (digit()?, digit()?);
        out.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        for (text, vhost, endpoint) in [
            ("amqps://me@broker.example:5671/%2f", "/", "broker.example:5671"),
            ("amqps://me@broker.example:5699/sluice", "sluice", "broker.example:5699"),
            ("amqps://me@[::1]:5671/a%20b", "a b", "[::1]:5671"),
            ("amqp://me@127.0.0.1:5672/%2f", "/", "127.0.0.1:5672"),
        ] {
            let address: BrokerAddress = text.parse().unwrap();
            assert_eq!(
                (address.vhost.as_str(), address.endpoint().as_str()),
                (vhost, endpoint),
                "{text}"
            );
            assert_eq!(address.user, "me");
            assert_eq!(address.to_string(), text);
        }
        let short: BrokerAddress = "amqps://broker.example".parse().unwrap();
        assert_eq!((short.port, short.vhost.as_str(), short.user.as_str()), (5671, "/", ""));
    }

    #[test]
    fn what_is_no_address_is_refused_without_quoting_it() {
        for text in [
            "",
            "broker.example",
            "https://broker.example",
            "amqps://",
            "amqps://me:secret@broker.example",
            "amqp://me@broker.example",
            "amqps://me@broker.example/a/b",
            "amqps://me@broker.example/a?heartbeat=1",
            "amqps://me@broker.example:notaport/",
        ] {
            let fault = text.parse::<BrokerAddress>().unwrap_err();
            assert_eq!(fault.code, Code::BrokerAddressInvalid, "{text}");
            assert!(!fault.to_string().contains("secret"), "{fault}");
        }
    }
}
