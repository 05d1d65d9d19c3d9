//! Where a linked service leads, for those who decide whether a node may go there.

use sluice_contract::document::StoreProperties;
use std::path::PathBuf;

/// A place that a store's connector would go to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Another machine.
    Host {
        /// Its name or address.
        host: String,
        /// The port, if it is known.
        port: Option<u16>,
    },
    /// A file or folder of this machine.
    Path(PathBuf),
}

impl Reach {
    /// What an address names: `https://host:port/..`, `host,1433`, `host:5432`, `host\instance`, `[::1]:5432`, a host.
    pub fn of_address(address: &str, port: Option<u16>) -> Self {
        let address = address.trim();
        let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
        let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let rest = rest.rsplit('@').next().unwrap_or_default();
        let (host, behind) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, behind)) => (host, behind),
            // An IPv6 address without brackets has several colons.
            None if rest.matches(':').count() > 1 => (rest, ""),
            None => rest.split_at(rest.find([':', ',', '\\']).unwrap_or(rest.len())),
        };
        let own = behind.trim_start_matches([':', ',']).trim().parse().ok();
        Self::Host {
            host: host.trim().trim_end_matches('.').to_ascii_lowercase(),
            port: own.or(port),
        }
    }

    /// The servers that a linked service names under any of the usual names.
    pub fn of_properties(properties: &StoreProperties) -> Vec<Self> {
        let binding = properties.binding();
        let port = binding.get("port").and_then(|port| port.parse().ok());
        let mut found = Vec::new();
        for member in ["server", "service", "authority"] {
            let Some(values) = binding.get(member) else { continue };
            for value in values.split(" and ") {
                // Several hosts of a cluster, as drivers take them; a port behind a comma is no host.
                let several = value.split(',').filter(|part| part.trim().parse::<u16>().is_err());
                let one = value.contains(',') && several.clone().count() == 1;
                if value.starts_with('/') || value.is_empty() {
                    // A socket of this machine.
                    continue;
                }
                match one {
                    true => found.push(Self::of_address(value, port)),
                    false => found.extend(several.map(|part| Self::of_address(part, port))),
                }
            }
        }
        found.sort();
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn host(host: &str, port: Option<u16>) -> Reach {
        Reach::Host {
            host: host.to_owned(),
            port,
        }
    }

    #[test]
    fn every_spelling_of_a_server_is_read() {
        for (text, name, port) in [
            ("db", "db", Some(5)),
            ("db:5432", "db", Some(5432)),
            ("db,1433", "db", Some(1433)),
            (r"db\sales", "db", Some(5)),
            ("https://user@Db.Example:8443/x?y", "db.example", Some(8443)),
            ("[::1]:5432", "::1", Some(5432)),
            ("fe80::1", "fe80::1", Some(5)),
            ("db.", "db", Some(5)),
        ] {
            assert_eq!(Reach::of_address(text, Some(5)), host(name, port), "{text}");
        }
        let of = |public: serde_json::Value| {
            Reach::of_properties(&StoreProperties {
                public: public.as_object().unwrap().clone(),
                ..StoreProperties::default()
            })
        };
        assert_eq!(of(json!({ "server": "tcp:a,1433" })), [host("a", Some(1433))]);
        assert_eq!(
            of(json!({ "server": "a", "port": 7, "host": "b" })),
            [host("a", Some(7)), host("b", Some(7))]
        );
        assert_eq!(
            of(json!({ "connectionString": "Host=a,b;Port=7" })),
            [host("a", Some(7)), host("b", Some(7))]
        );
        assert_eq!(of(json!({ "server": "/var/run/postgresql" })), []);
    }
}
