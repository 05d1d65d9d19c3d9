//! Where a linked service points: server, instance, database, login and encryption.

use sluice_contract::document::StoreProperties;
use sluice_contract::{Code, Fault};
use sluice_store_core::Network;
use std::time::Duration;
use tiberius::{AuthMethod, Config, EncryptionLevel};
use zeroize::Zeroizing;

/// How long a connection may take, from name resolution to the end of the login, unless the linked service says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Large packets for bulk loads; an encrypted connection takes none above 16,383 bytes.
const PACKET_BYTES: u32 = 16_000;
/// Where SQL Server listens when nothing else is said.
pub(crate) const DEFAULT_PORT: u16 = 1433;

/// What `Encrypt` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encrypt {
    /// `false`, `optional`: the login is encrypted where the server can, the rest as the server wants. Nothing is verified,
    /// unless a CA is given.
    Optional,
    /// `true`, `mandatory`: everything is, and the certificate is verified.
    Mandatory,
    /// `strict`: TLS comes before TDS (TDS 8).
    Strict,
}

/// A linked service, read. The password is inside: no `Debug`.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) host: String,
    /// None where a named instance has to be asked for.
    pub(crate) port: Option<u16>,
    /// A named instance.
    pub(crate) instance: Option<String>,
    /// The login's own database when empty.
    pub(crate) database: String,
    pub(crate) timeout: Duration,
    pub(crate) encrypt: Encrypt,
    /// The port of SQL Server Browser.
    pub(crate) browser: u16,
    user: String,
    password: Zeroizing<String>,
    trust: bool,
    /// PEM text of a private CA.
    ca: Option<String>,
    name_in_certificate: Option<String>,
    read_only: bool,
    /// How the server is reached.
    pub(crate) network: Network,
}

impl Settings {
    /// Reads a linked service.
    ///
    /// # Errors
    /// `SL6013`, naming the property.
    pub(crate) fn read(properties: &StoreProperties, network: Network) -> Result<Self, Fault> {
        only_sql_logins(properties)?;
        let either = |name: &str, names: &[&str]| properties.either(name, names).filter(|text| !text.trim().is_empty());
        let needed = |value: Option<String>, name: &str| {
            value.ok_or_else(|| property(format!("the linked service has no `{name}`")))
        };
        let server = either(
            "server",
            &[
                "server",
                "data source",
                "datasource",
                "address",
                "addr",
                "network address",
            ],
        );
        let Place { host, port, instance } = Place::of(&needed(server, "server")?)?;
        let port = match either("port", &["port"]) {
            Some(text) => Some(parse_port(&text)?),
            None => port,
        };
        let user = either(
            "userName",
            &["user id", "userid", "uid", "user", "user name", "username"],
        );
        let password = properties.either("password", &["password", "pwd"]).unwrap_or_default();
        let seconds = either("connectTimeout", &["connect timeout", "connection timeout", "timeout"]);
        let timeout = match seconds {
            None => CONNECT_TIMEOUT,
            Some(text) => match text.trim().parse::<u64>() {
                Ok(seconds @ 1..=600) => Duration::from_secs(seconds),
                _ => return Err(property(format!("connectTimeout {text:?} is not 1 to 600 seconds"))),
            },
        };
        let intent = either("applicationIntent", &["application intent", "applicationintent"]);
        Ok(Self {
            // A port makes the instance's name superfluous.
            instance: instance.filter(|_| port.is_none()),
            port,
            host,
            database: either("database", &["database", "initial catalog"])
                .unwrap_or_default()
                .trim()
                .to_owned(),
            timeout,
            encrypt: encrypt(either("encrypt", &["encrypt"]))?,
            browser: match either("browserPort", &["browserport"]) {
                Some(text) => parse_port(&text)?,
                None => crate::browser::PORT,
            },
            user: needed(user, "userName")?,
            password: Zeroizing::new(password),
            trust: flag(
                "trustServerCertificate",
                either(
                    "trustServerCertificate",
                    &["trustservercertificate", "trust server certificate"],
                ),
            )?,
            ca: authority(properties.text("caCertificate"))?,
            name_in_certificate: either(
                "hostNameInCertificate",
                &["hostnameincertificate", "host name in certificate"],
            ),
            read_only: intent.is_some_and(|intent| intent.trim().eq_ignore_ascii_case("ReadOnly")),
            network,
        })
    }

    /// The driver's configuration, for a server that may be another than the one that was asked first.
    pub(crate) fn config(&self, host: &str, port: u16, encryption: EncryptionLevel) -> Config {
        let mut config = Config::new();
        config.host(host);
        config.port(port);
        if !self.database.is_empty() {
            config.database(&self.database);
        }
        config.application_name("sluice");
        config.packet_size(PACKET_BYTES);
        config.authentication(AuthMethod::sql_server(&self.user, self.password.as_str()));
        config.encryption(encryption);
        config.readonly(self.read_only);
        config.handshake_timeout(Some(self.timeout));
        if let Some(name) = &self.name_in_certificate {
            config.hostname_in_certificate(name);
        }
        // Who asks for no encryption has nobody to verify; as ADO.NET does.
        match &self.ca {
            _ if self.trust => config.trust_cert(),
            Some(pem) => config.trust_cert_ca_bundle(pem.as_bytes()),
            None if self.encrypt == Encrypt::Optional => config.trust_cert(),
            None => {}
        }
        config
    }

    /// For people.
    pub(crate) fn place(&self) -> String {
        match (&self.instance, self.port) {
            (Some(instance), None) => format!("{}\\{instance}", self.host),
            (_, port) => format!("{}:{}", self.host, port.unwrap_or(DEFAULT_PORT)),
        }
    }
}

/// `tcp:host,port`, `host\instance`, `(local)`, `.`.
struct Place {
    host: String,
    port: Option<u16>,
    instance: Option<String>,
}

impl Place {
    fn of(text: &str) -> Result<Self, Fault> {
        let lower = text.trim().to_ascii_lowercase();
        for other in ["np:", "lpc:", "admin:"] {
            if lower.starts_with(other) {
                return Err(property(format!(
                    "the server {text:?} is not reached over TCP, which is all that is served"
                )));
            }
        }
        let text = text.trim();
        let text = if lower.starts_with("tcp:") { &text[4..] } else { text };
        let (name, port) = match text.rsplit_once(',') {
            Some((name, port)) => (name.trim(), Some(parse_port(port)?)),
            None => (text.trim(), None),
        };
        let (host, instance) = match name.split_once('\\') {
            Some((host, instance)) => (host, Some(instance.trim().to_owned())),
            None => (name, None),
        };
        // The default instance has a port of its own.
        let instance = instance.filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("MSSQLSERVER"));
        let host = match host.trim() {
            "." | "(local)" | "(LOCAL)" => "localhost",
            host => host.trim_matches(['[', ']']),
        };
        match host.is_empty() {
            true => Err(property(format!("the server {text:?} has no name"))),
            false => Ok(Self {
                host: host.to_owned(),
                port,
                instance,
            }),
        }
    }
}

/// Windows and Azure AD logins need what is not here: they are refused by name, and not tried without.
fn only_sql_logins(properties: &StoreProperties) -> Result<(), Fault> {
    const NEXT: &str = "use a SQL Server login: authenticationType SQL with userName and password";
    let kind = properties.either("authenticationType", &["authentication"]);
    if let Some(kind) = kind.filter(|kind| !kind.trim().is_empty()) {
        let word: String = kind.chars().filter(char::is_ascii_alphanumeric).collect();
        if !matches!(word.to_ascii_lowercase().as_str(), "sql" | "sqlpassword" | "basic") {
            return Err(property(format!("authentication {kind:?} is not served; {NEXT}")));
        }
    }
    let integrated = properties.either("integratedSecurity", &["integrated security", "trusted_connection"]);
    let asked = |text: &String| matches!(text.trim().to_ascii_lowercase().as_str(), "true" | "yes" | "sspi");
    if integrated.as_ref().is_some_and(asked) {
        return Err(property(format!(
            "integrated Windows authentication is not served; {NEXT}"
        )));
    }
    for name in ["servicePrincipalId", "credential"] {
        if properties.public.keys().any(|key| key.eq_ignore_ascii_case(name)) {
            return Err(property(format!(
                "`{name}` is for an Azure AD login, which is not served; {NEXT}"
            )));
        }
    }
    // `always encrypted` would hand out ciphertext as if it were data.
    let columns = properties.either("columnEncryptionSetting", &["column encryption setting"]);
    if columns.is_some_and(|text| text.trim().eq_ignore_ascii_case("enabled")) {
        return Err(property("Always Encrypted (Column Encryption Setting) is not served"));
    }
    Ok(())
}

/// A private authority, as PEM text.
fn authority(pem: Option<String>) -> Result<Option<String>, Fault> {
    match pem.filter(|pem| !pem.trim().is_empty()) {
        Some(pem) if !pem.contains("-----BEGIN CERTIFICATE-----") => Err(property(
            "`caCertificate` holds no certificate: it is PEM text, with its BEGIN and END lines",
        )),
        pem => Ok(pem),
    }
}

fn encrypt(text: Option<String>) -> Result<Encrypt, Fault> {
    let Some(text) = text else {
        return Ok(Encrypt::Mandatory);
    };
    match text.trim().to_ascii_lowercase().as_str() {
        "false" | "no" | "optional" | "0" => Ok(Encrypt::Optional),
        "true" | "yes" | "mandatory" | "1" => Ok(Encrypt::Mandatory),
        "strict" => Ok(Encrypt::Strict),
        _ => Err(property(format!(
            "encrypt {text:?} is none of optional, mandatory, strict, true, false"
        ))),
    }
}

fn flag(name: &str, text: Option<String>) -> Result<bool, Fault> {
    match text.map(|text| text.trim().to_ascii_lowercase()).as_deref() {
        None | Some("false" | "no" | "0") => Ok(false),
        Some("true" | "yes" | "1") => Ok(true),
        Some(other) => Err(property(format!("{name} {other:?} is neither true nor false"))),
    }
}

fn parse_port(text: &str) -> Result<u16, Fault> {
    let port = text.trim().parse().ok().filter(|port| *port != 0);
    port.ok_or_else(|| property(format!("{text:?} is not a port")))
}

pub(crate) fn property(message: impl Into<String>) -> Fault {
    Fault::new(Code::PropertyMissing, message)
}

#[cfg(test)]
mod tests;
