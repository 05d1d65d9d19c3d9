//! Where a linked service points: server, database, login and TLS mode.

use sluice_contract::document::StoreProperties;
use sluice_contract::{Code, Fault};
use sluice_store_core::Network;
use sluice_store_wire::tls::{Check, Tls};
use std::time::Duration;
use tokio_postgres::Config;
use zeroize::Zeroizing;

/// How long a connection may take, from name resolution to the end of the login.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// What libpq calls `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SslMode {
    /// No TLS.
    Disable,
    /// TLS when the server offers it, nothing is verified. `allow` is served the same way: whoever would accept either
    /// loses nothing by the encrypted one.
    Prefer,
    /// TLS always; the certificate is not verified, unless a CA is given.
    Require,
    /// TLS always, and the certificate's chain is verified.
    VerifyCa,
    /// TLS always, and the certificate's chain and name are verified.
    VerifyFull,
}

impl SslMode {
    fn parse(text: &str) -> Option<Self> {
        let word: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        Some(match word.to_ascii_lowercase().as_str() {
            "0" | "disable" => Self::Disable,
            "1" | "allow" | "2" | "prefer" => Self::Prefer,
            "3" | "require" => Self::Require,
            "4" | "verifyca" => Self::VerifyCa,
            "5" | "verifyfull" => Self::VerifyFull,
            _ => return None,
        })
    }
}

/// A linked service, read. The password is inside: no `Debug`.
#[derive(Clone)]
pub(crate) struct Settings {
    /// Host name, address, or a directory of unix sockets.
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) database: String,
    pub(crate) user: String,
    password: Option<Zeroizing<String>>,
    pub(crate) ssl: SslMode,
    /// PEM text of a private CA.
    pub(crate) ca: Option<String>,
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
            SslMode::VerifyFull => Check::ChainAndName,
            SslMode::VerifyCa => Check::Chain,
            // As libpq does: `require` verifies the chain once somebody says which CA it should be.
            SslMode::Require if self.ca.is_some() => Check::Chain,
            SslMode::Require | SslMode::Disable | SslMode::Prefer => Check::Nothing,
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
                .ok_or_else(|| Fault::new(Code::PropertyMissing, format!("the linked service has no `{name}`")))
        };
        let host = needed(
            properties.either("server", &["host", "server", "data source"]),
            "server",
        )?;
        let (host, inline_port) = split_port(host.trim());
        let port = match properties.either("port", &["port"]).or(inline_port) {
            None => 5432,
            Some(text) => text.trim().parse().map_err(|_| {
                Fault::new(
                    Code::PropertyMissing,
                    format!("the linked service's port {text:?} is not a port"),
                )
            })?,
        };
        let user = properties.either(
            "username",
            &["uid", "username", "user id", "userid", "user name", "user"],
        );
        Ok(Self {
            host,
            port,
            database: needed(
                properties.either("database", &["database", "initial catalog", "dbname", "db"]),
                "database",
            )?,
            user: needed(user, "username")?,
            password: properties.either("password", &["password", "pwd"]).map(Zeroizing::new),
            ssl: ssl_mode(properties)?,
            ca: properties.text("caCertificate").filter(|pem| !pem.trim().is_empty()),
            network,
        })
    }

    /// The driver's configuration: who logs in where. Socket and TLS are made before it comes into play.
    pub(crate) fn config(&self) -> Config {
        let mut config = Config::new();
        config
            .dbname(&self.database)
            .user(&self.user)
            .application_name("sluice")
            .ssl_mode(tokio_postgres::config::SslMode::Disable);
        if let Some(password) = &self.password {
            config.password(password.as_bytes());
        }
        config
    }
}

/// `host:port`, as some write it into `server`. IPv6 addresses keep their colons.
fn split_port(host: &str) -> (String, Option<String>) {
    match host.split_once(':') {
        Some((name, port)) if !port.contains(':') && !name.is_empty() => (name.to_owned(), Some(port.to_owned())),
        _ => (host.trim_matches(['[', ']']).to_owned(), None),
    }
}

fn ssl_mode(properties: &StoreProperties) -> Result<SslMode, Fault> {
    if let Some(text) = properties.either("sslMode", &["sslmode", "ssl mode"]) {
        return SslMode::parse(&text).ok_or_else(|| {
            Fault::new(
                Code::PropertyMissing,
                format!("sslMode {text:?} is none of disable, allow, prefer, require, verify-ca, verify-full"),
            )
        });
    }
    let flag =
        |text: Option<String>| text.is_some_and(|text| matches!(text.to_ascii_lowercase().as_str(), "1" | "true"));
    let verify = flag(properties.either("validateServerCertificate", &["validateservercertificate"]));
    // The words of the older driver that ADF used for connection strings.
    match properties.either("encryptionMethod", &["encryptionmethod"]).as_deref() {
        None => Ok(SslMode::Prefer),
        Some("0") => Ok(SslMode::Disable),
        Some("1") if verify => Ok(SslMode::VerifyFull),
        Some("1") => Ok(SslMode::Require),
        Some("6") => Ok(SslMode::Prefer),
        Some(other) => Err(Fault::new(
            Code::PropertyMissing,
            format!("encryptionMethod {other:?} is none of 0, 1, 6"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(public: serde_json::Value) -> Result<Settings, Fault> {
        let mut properties = StoreProperties {
            kind: "PostgreSqlV2".into(),
            public: public.as_object().unwrap().clone(),
            ..StoreProperties::default()
        };
        properties.secrets.insert("password", "canary");
        Settings::read(&properties, Network::open())
    }

    #[test]
    fn properties_and_connection_strings_say_the_same() {
        let a = read(json!({"server": "db", "port": 5433, "database": "d", "username": "u", "sslMode": 5})).unwrap();
        let b = read(json!({"connectionString": "host=db;port=5433;database=d;uid=u;sslmode=Verify-Full"})).unwrap();
        for settings in [a, b] {
            assert_eq!((settings.host.as_str(), settings.port), ("db", 5433));
            assert_eq!((settings.database.as_str(), settings.user.as_str()), ("d", "u"));
            assert_eq!(settings.ssl, SslMode::VerifyFull);
            assert_eq!(settings.config().get_password(), Some(&b"canary"[..]));
        }
        let older = "host=db:1;database=d;uid=u;EncryptionMethod=1;ValidateServerCertificate=0";
        let older = read(json!({ "connectionString": older })).unwrap();
        assert_eq!((older.port, older.ssl), (1, SslMode::Require));
    }

    #[test]
    fn what_is_missing_is_named() {
        for (public, word) in [
            (json!({"database": "d", "username": "u"}), "server"),
            (json!({"server": "h", "username": "u"}), "database"),
            (json!({"server": "h", "database": "d"}), "username"),
            (
                json!({"server": "h", "database": "d", "username": "u", "port": "x"}),
                "port",
            ),
            (
                json!({"server": "h", "database": "d", "username": "u", "sslMode": "maybe"}),
                "sslMode",
            ),
        ] {
            let fault = read(public).err().unwrap();
            assert_eq!(fault.code, Code::PropertyMissing);
            assert!(fault.message.contains(word), "{fault}");
            assert!(!fault.message.contains("canary"));
        }
    }
}
