//! The file's form.

use serde::{Deserialize, Serialize};
use sluice_contract::{Code, Fault};
use std::path::PathBuf;

/// The rules. What a file does not name has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Which machines the node connects to.
    pub hosts: Hosts,
    /// Which files of its own machine it reads and writes.
    pub files: Files,
    /// Which types of linked services it uses, and for what.
    pub stores: Stores,
    /// What may be sent to databases beside the copy itself.
    pub sql: Sql,
    /// How secrets may come in.
    pub credentials: Credentials,
    /// Which secrets of this machine linked services may refer to.
    pub secrets: Secrets,
}

/// `[hosts]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hosts {
    /// Names (`db1.corp.local`, `*.corp.local`), addresses or networks (`10.1.0.0/16`), each with or without `:PORT`; `*` is
    /// every one.
    pub allow: Vec<String>,
    /// The same for those that are refused even so.
    pub deny: Vec<String>,
    /// Link-local addresses, and those where clouds serve the identity of a machine.
    pub link_local: bool,
    /// This machine itself.
    pub loopback: bool,
    /// Addresses of private networks.
    pub private: bool,
}

impl Default for Hosts {
    fn default() -> Self {
        Self {
            allow: vec!["*".to_owned()],
            deny: Vec::new(),
            link_local: false,
            loopback: true,
            private: true,
        }
    }
}

/// `[files]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Files {
    /// Folders below which files are read and written. None by default.
    pub roots: Vec<PathBuf>,
    /// Folders below which files are only read.
    pub read_only: Vec<PathBuf>,
}

/// `[stores]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Stores {
    /// Types that may be read.
    pub sources: Vec<String>,
    /// Types that may be written.
    pub sinks: Vec<String>,
    /// Types that are refused even so.
    pub deny: Vec<String>,
}

impl Default for Stores {
    fn default() -> Self {
        Self {
            sources: vec!["*".to_owned()],
            sinks: vec!["*".to_owned()],
            deny: Vec::new(),
        }
    }
}

/// `[sql]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sql {
    /// Queries instead of tables.
    pub queries: bool,
    /// Scripts before the copy, and stored procedures.
    pub scripts: bool,
}

impl Default for Sql {
    fn default() -> Self {
        Self {
            queries: true,
            scripts: true,
        }
    }
}

/// `[credentials]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Credentials {
    /// Secrets in clear in what the factory sends.
    pub plaintext: bool,
}

/// `[secrets]`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Secrets {
    /// Folders whose files linked services may name in a `FileSecret`. None by default.
    pub files: Vec<PathBuf>,
    /// Variables of the agent's environment that they may name in an `EnvironmentSecret`. None by default.
    pub environment: Vec<String>,
}

impl Policy {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// `SL5022`, with the place.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let policy: Self = toml::from_str(text).map_err(|e| {
            let line = e
                .span()
                .map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            Fault::new(Code::PolicyInvalid, format!("line {line}: {}", e.message()))
        })?;
        for rule in policy.hosts.allow.iter().chain(&policy.hosts.deny) {
            super::hosts::Pattern::parse(rule)?;
        }
        let folders = policy.files.roots.iter().chain(&policy.files.read_only);
        for folder in folders.chain(&policy.secrets.files) {
            if !folder.is_absolute() {
                let message = format!("{} is no absolute path", folder.display());
                return Err(Fault::new(Code::PolicyInvalid, message));
            }
        }
        Ok(policy)
    }
}
