//! Where the state is when it is not in the state directory: `postgres://user@host:5432/database`.

use sluice_contract::{Code, Fault};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use url::Url;
use zeroize::Zeroizing;

/// What may stand behind the `?`.
const PARAMETERS: [&str; 5] = ["sslmode", "sslrootcert", "sslcert", "sslkey", "host"];
/// The ways to speak with the server, and whether they may end without TLS although nobody said so.
const SSL_MODES: [(&str, bool); 6] = [
    ("disable", false),
    ("allow", true),
    ("prefer", true),
    ("require", false),
    ("verify-ca", false),
    ("verify-full", false),
];

/// The address of a PostgreSQL database. The password is kept apart and is never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresAddress(Url);

/// A PostgreSQL database that holds the state.
#[derive(Clone)]
pub struct PostgresOptions {
    /// Where it is, and the user.
    pub address: PostgresAddress,
    /// The user's password; none where the server asks for none.
    pub password: Option<Zeroizing<String>>,
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl PostgresOptions {
    /// The address with the password in it, for the library only.
    pub(super) fn url(&self) -> Result<Zeroizing<String>, Fault> {
        let mut url = self.address.0.clone();
        if let Some(password) = &self.password {
            url.set_password(Some(password))
                .map_err(|()| wrong("names no host that a password could be for"))?;
        }
        Ok(Zeroizing::new(url.into()))
    }
}

impl PostgresAddress {
    /// Whether the server is on this machine.
    fn is_here(url: &Url) -> bool {
        let socket = url
            .query_pairs()
            .any(|(name, value)| name == "host" && value.starts_with('/'));
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let loopback = || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        // A path in percents is a socket, too.
        socket || host.is_empty() || host.starts_with("%2F") || host.starts_with("%2f") || loopback()
    }
}

impl FromStr for PostgresAddress {
    type Err = Fault;

    /// Reads an address. It must not hold the password: addresses are shown, in process lists for instance.
    fn from_str(text: &str) -> Result<Self, Fault> {
        let mut url = Url::parse(text).map_err(|_| wrong("cannot be read"))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(wrong("is not of postgres"));
        }
        if url.password().is_some() {
            return Err(wrong("holds a password, which belongs into a file of its own"));
        }
        if url.path().trim_start_matches('/').is_empty() {
            return Err(wrong("names no database"));
        }
        let mut mode = None;
        for (name, value) in url.query_pairs() {
            if !PARAMETERS.contains(&name.as_ref()) {
                return Err(wrong(&format!(
                    "has a parameter that is none of {}",
                    PARAMETERS.join(", ")
                )));
            }
            if name == "sslmode" {
                mode = SSL_MODES.iter().find(|(known, _)| *known == value);
                if mode.is_none() {
                    return Err(wrong("has an unknown sslmode"));
                }
            }
        }
        let here = Self::is_here(&url);
        match mode {
            Some((_, true)) if !here => {
                return Err(wrong(
                    "lets the connection go on without TLS; say sslmode=verify-full, require or disable",
                ));
            }
            Some(_) => {}
            None => {
                url.query_pairs_mut()
                    .append_pair("sslmode", if here { "prefer" } else { "verify-full" });
            }
        }
        Ok(Self(url))
    }
}

impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn wrong(what: &str) -> Fault {
    Fault::new(
        Code::StateAddressInvalid,
        format!(
            "the address of the state {what}; it is of the form postgres://user@host:5432/database?sslmode=verify-full"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_checked_unless_somebody_says_otherwise() {
        for (text, shown) in [
            (
                "postgres://me@db.example/sluice",
                "postgres://me@db.example/sluice?sslmode=verify-full",
            ),
            (
                "postgresql://me@127.0.0.1:5433/sluice",
                "postgresql://me@127.0.0.1:5433/sluice?sslmode=prefer",
            ),
            (
                "postgres://me@[::1]/sluice",
                "postgres://me@[::1]/sluice?sslmode=prefer",
            ),
            (
                "postgres://me@%2Frun%2Fpg/s",
                "postgres://me@%2Frun%2Fpg/s?sslmode=prefer",
            ),
            (
                "postgres://me@db.example/s?sslmode=disable",
                "postgres://me@db.example/s?sslmode=disable",
            ),
            (
                "postgres://me@db.example/s?sslmode=require",
                "postgres://me@db.example/s?sslmode=require",
            ),
        ] {
            let address: PostgresAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_quoting_it() {
        for text in [
            "",
            "db.example",
            "mysql://me@db.example/sluice",
            "postgres://me@db.example",
            "postgres://me:secret@db.example/sluice",
            "postgres://me@db.example/sluice?password=secret",
            "postgres://me@db.example/sluice?sslmode=prefer",
            "postgres://me@db.example/sluice?sslmode=secret",
        ] {
            let fault = text.parse::<PostgresAddress>().unwrap_err();
            assert_eq!(fault.code, Code::StateAddressInvalid, "{text}");
            assert!(!fault.to_string().contains("secret"), "{fault}");
        }
    }

    #[test]
    fn the_password_is_for_the_library_only() {
        let options = PostgresOptions {
            address: "postgres://me@localhost/s".parse().unwrap(),
            password: Some(Zeroizing::new("p@ss/word".to_owned())),
        };
        assert!(
            options
                .url()
                .unwrap()
                .starts_with("postgres://me:p%40ss%2Fword@localhost/s")
        );
        let shown = format!("{options:?}");
        assert!(!shown.contains("ss/word") && !shown.contains("%40"));
    }
}
