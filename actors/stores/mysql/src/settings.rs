//! Where a linked service points: server, database, login and TLS mode.

use sluice_contract::document::StoreProperties;
use sluice_contract::{Code, Fault};
use sluice_store_core::Network;
use sluice_store_wire::tls::{Check, Tls};
use std::time::Duration;
use zeroize::Zeroizing;

/// How long a connection may take, from name resolution to the end of the login.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// What MySQL calls `ssl-mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SslMode {
    /// No TLS.
    Disabled,
    /// TLS when the server offers it, nothing is verified.
    Preferred,
    /// TLS always; the certificate is not verified, unless a CA is given.
    Required,
    /// TLS always, and the certificate's chain is verified.
    VerifyCa,
    /// TLS always, and the certificate's chain and name are verified.
    VerifyIdentity,
}

impl SslMode {
    fn parse(text: &str) -> Option<Self> {
        let word: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        Some(match word.to_ascii_lowercase().as_str() {
            "0" | "disable" | "disabled" | "none" => Self::Disabled,
            "1" | "prefer" | "preferred" => Self::Preferred,
            "2" | "require" | "required" => Self::Required,
            "3" | "verifyca" => Self::VerifyCa,
            "4" | "verifyfull" | "verifyidentity" => Self::VerifyIdentity,
            _ => return None,
        })
    }
}

/// A linked service, read. The password is inside: no `Debug`.
#[derive(Clone)]
pub(crate) struct Settings {
    /// Host name, address, or the path of a unix socket.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) database: String,
    pub(crate) user: String,
    pub(crate) password: Zeroizing<String>,
    pub(crate) ssl: SslMode,
    /// PEM text of a private CA.
    pub(crate) ca: Option<String>,
    /// `treatTinyAsBoolean`: tinyint(1) is a boolean.
    pub(crate) tiny_is_boolean: bool,
    /// A statement may give several results, as a procedure does that selects.
    pub(crate) several_results: bool,
    /// How the server is reached.
    pub(crate) network: Network,
}

impl Settings {
    /// What makes the handshakes.
    ///
    /// # Errors
    /// `SL6013` when `caCertificate` holds no certificate.
    pub(crate) fn tls(&self) -> Result<Tls, Fault> {
        let check = match self.ssl {
            SslMode::VerifyIdentity => Check::ChainAndName,
            SslMode::VerifyCa => Check::Chain,
            // Who names a CA wants it verified.
            SslMode::Required if self.ca.is_some() => Check::Chain,
            SslMode::Required | SslMode::Disabled | SslMode::Preferred => Check::Nothing,
        };
        Tls::new(self.ca.as_deref(), check)
    }

    /// Reads a linked service.
    ///
    /// # Errors
    /// `SL6013`, naming the property.
    pub(crate) fn read(properties: &StoreProperties, network: Network) -> Result<Self, Fault> {
        let needed = |value: Option<String>, name: &str| {
            value
                .filter(|text| !text.trim().is_empty())
                .ok_or_else(|| malformed(format!("the linked service has no `{name}`")))
        };
        let hosts = ["server", "host", "data source", "datasource", "addr", "address"];
        let host = needed(properties.either("server", &hosts), "server")?;
        let (host, inline_port) = split_port(host.trim());
        let port = match properties.either("port", &["port"]).or(inline_port) {
            None => 3306,
            Some(text) => text
                .trim()
                .parse()
                .map_err(|_| malformed(format!("the linked service's port {text:?} is not a port")))?,
        };
        let users = ["uid", "username", "user id", "userid", "user name", "user"];
        let database = properties.either("database", &["database", "initial catalog", "dbname", "db"]);
        let tiny = properties.either("treatTinyAsBoolean", &["treattinyasboolean"]);
        Ok(Self {
            host,
            port,
            database: needed(database, "database")?,
            user: needed(properties.either("username", &users), "username")?,
            password: Zeroizing::new(properties.either("password", &["pwd", "password"]).unwrap_or_default()),
            ssl: ssl_mode(properties)?,
            ca: properties.text("caCertificate").filter(|pem| !pem.trim().is_empty()),
            tiny_is_boolean: tiny.is_some_and(|word| matches!(word.to_ascii_lowercase().as_str(), "1" | "true")),
            several_results: false,
            network,
        })
    }

    /// For people: where it is.
    pub(crate) fn place(&self) -> String {
        match self.is_local() {
            true => self.host.clone(),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    /// A unix socket: no name, no network, nobody who listens.
    pub(crate) fn is_local(&self) -> bool {
        self.host.starts_with('/')
    }
}

fn malformed(text: String) -> Fault {
    Fault::new(Code::PropertyMissing, text)
}

/// `host:port`, as some write it into `server`. IPv6 addresses keep their colons.
fn split_port(host: &str) -> (String, Option<String>) {
    let host = host.strip_prefix("tcp:").unwrap_or(host);
    match host.split_once(':') {
        Some((name, port)) if !port.contains(':') && !name.is_empty() => (name.to_owned(), Some(port.to_owned())),
        _ => (host.trim_matches(['[', ']']).to_owned(), None),
    }
}

fn ssl_mode(properties: &StoreProperties) -> Result<SslMode, Fault> {
    let Some(text) = properties.either("sslMode", &["sslmode", "ssl mode", "ssl-mode"]) else {
        return Ok(SslMode::Preferred);
    };
    SslMode::parse(&text).ok_or_else(|| {
        malformed(format!(
            "sslMode {text:?} is none of 0 disabled, 1 preferred, 2 required, 3 verify-ca, 4 verify-full"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(public: serde_json::Value) -> Result<Settings, Fault> {
        let mut properties = StoreProperties {
            kind: "MySql".into(),
            public: public.as_object().unwrap().clone(),
            ..StoreProperties::default()
        };
        properties.secrets.insert("password", "canary");
        Settings::read(&properties, Network::open())
    }

    #[test]
    fn properties_and_connection_strings_say_the_same() {
        let a = read(json!({"server": "db", "port": 3307, "database": "d", "username": "u", "sslMode": 4})).unwrap();
        let b = read(json!({"connectionString": "Server=db;Port=3307;Database=d;Uid=u;SslMode=VerifyFull"})).unwrap();
        for settings in [a, b] {
            assert_eq!((settings.host.as_str(), settings.port), ("db", 3307));
            assert_eq!((settings.database.as_str(), settings.user.as_str()), ("d", "u"));
            assert_eq!(settings.ssl, SslMode::VerifyIdentity);
            assert_eq!(*settings.password, "canary");
            assert!(!settings.tiny_is_boolean);
        }
        let plain = read(json!({"connectionString": "server=tcp:db:1;database=d;uid=u", "treatTinyAsBoolean": true}));
        let plain = plain.unwrap();
        assert_eq!(
            (plain.port, plain.ssl, plain.tiny_is_boolean),
            (1, SslMode::Preferred, true)
        );
        let local = read(json!({"server": "/run/x.sock", "database": "d", "username": "u"})).unwrap();
        assert!(local.is_local());
    }

    #[test]
    fn what_is_missing_is_named() {
        let with = |name: &str, value: serde_json::Value| {
            let mut all = json!({"server": "h", "database": "d", "username": "u"});
            all[name] = value;
            all
        };
        for (public, word) in [
            (with("server", json!("")), "server"),
            (with("database", json!(null)), "database"),
            (with("username", json!(" ")), "username"),
            (with("port", json!("x")), "port"),
            (with("sslMode", json!("maybe")), "sslMode"),
        ] {
            let fault = read(public).err().unwrap();
            assert_eq!(fault.code, Code::PropertyMissing);
            assert!(fault.message.contains(word), "{fault}");
            assert!(!fault.message.contains("canary"));
        }
    }
}
