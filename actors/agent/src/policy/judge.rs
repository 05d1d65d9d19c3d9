//! Judging what a job or a test asks for.

use super::file::Policy;
use super::{hosts, paths, refused};
use serde_json::Value;
use sluice_contract::document::take_secrets;
use sluice_contract::job::Endpoint;
use sluice_contract::{Fault, Object};
use sluice_store_core::{Reach, StoreProperties};
use std::path::{Path, PathBuf};

/// What a linked service is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// To read.
    Read,
    /// To write.
    Write,
    /// To test the connection.
    Test,
}

impl Policy {
    /// Judges one end of a copy by what the factory sent: its type, its files, what it wants executed. Blocks.
    ///
    /// # Errors
    /// `SL5021` with the rule.
    pub(crate) fn check_end(
        &self,
        state: &Path,
        endpoint: &Endpoint,
        reaches: &[Reach],
        purpose: Use,
    ) -> Result<(), Fault> {
        let about = format!("linked service {}", endpoint.name);
        self.check_kind(&endpoint.kind, purpose)
            .and_then(|()| self.check_paths(state, reaches, purpose))
            .and_then(|()| self.check_plaintext(endpoint))
            .and_then(|()| self.check_sql(&endpoint.activity))
            .map_err(|fault| fault.context(about))
    }

    /// Judges a linked service's document by itself: its type, its files, and the hosts that it names, without looking any of
    /// them up. Blocks.
    ///
    /// # Errors
    /// `SL5021` with the rule.
    pub fn check_document(&self, properties: &StoreProperties, reaches: &[Reach]) -> Result<(), Fault> {
        self.check_kind(&properties.kind, Use::Test)?;
        self.check_paths(Path::new("/nonexistent"), reaches, Use::Test)?;
        for reach in reaches {
            if let Reach::Host { host, port } = reach {
                hosts::judge_name(self, host, *port)?;
            }
        }
        Ok(())
    }

    /// Judges where a connection would go, by name, now that all of the linked service is known.
    ///
    /// # Errors
    /// `SL5021` with the rule.
    pub(crate) fn check_reach(&self, endpoint: &Endpoint, reaches: &[Reach]) -> Result<(), Fault> {
        let about = format!("linked service {}", endpoint.name);
        let open = self.hosts.allow.iter().any(|rule| rule.trim() == "*");
        if reaches.is_empty() && !open {
            let what = format!("{about}: where it leads is not known");
            return Err(refused(&what, "hosts.allow"));
        }
        for reach in reaches {
            if let Reach::Host { host, port } = reach {
                hosts::judge_name(self, host, *port).map_err(|fault| fault.context(&about))?;
            }
        }
        Ok(())
    }

    /// Judges an address that belongs to no linked service, by name.
    ///
    /// # Errors
    /// `SL5021` with the rule.
    pub(crate) fn check_host(&self, reach: &Reach) -> Result<(), Fault> {
        match reach {
            Reach::Host { host, port } => hosts::judge_name(self, host, *port),
            Reach::Path(_) => Ok(()),
        }
    }

    /// Where a file with a secret really lies, if it may be read. Blocks.
    ///
    /// # Errors
    /// `SL5021`.
    pub(crate) fn check_secret_file(&self, path: &Path) -> Result<PathBuf, Fault> {
        paths::judge_secret(&self.secrets.files, path)
    }

    /// Whether a variable of the environment may be read as a secret.
    ///
    /// # Errors
    /// `SL5021`.
    pub(crate) fn check_secret_variable(&self, name: &str) -> Result<(), Fault> {
        match self.secrets.environment.iter().any(|allowed| allowed == name) {
            true => Ok(()),
            false => Err(refused(
                &format!("the variable {name:?} is not among those that are allowed"),
                "secrets.environment",
            )),
        }
    }

    fn check_kind(&self, kind: &str, purpose: Use) -> Result<(), Fault> {
        let fits = |rule: &String| rule == "*" || rule.eq_ignore_ascii_case(kind);
        if let Some(rule) = self.stores.deny.iter().find(|rule| fits(rule)) {
            return Err(refused(
                &format!("its type {kind} is denied"),
                &format!("stores.deny {rule:?}"),
            ));
        }
        let (read, written) = (self.stores.sources.iter().any(fits), self.stores.sinks.iter().any(fits));
        match purpose {
            Use::Read if !read => Err(refused(&format!("its type {kind} may not be read"), "stores.sources")),
            Use::Write if !written => Err(refused(&format!("its type {kind} may not be written"), "stores.sinks")),
            Use::Test if !read && !written => Err(refused(
                &format!("its type {kind} may not be used"),
                "stores.sources, stores.sinks",
            )),
            _ => Ok(()),
        }
    }

    fn check_paths(&self, state: &Path, reaches: &[Reach], purpose: Use) -> Result<(), Fault> {
        for reach in reaches {
            if let Reach::Path(path) = reach {
                paths::judge(self, state, path, purpose)?;
            }
        }
        Ok(())
    }

    fn check_plaintext(&self, endpoint: &Endpoint) -> Result<(), Fault> {
        if self.credentials.plaintext {
            return Ok(());
        }
        let taken = take_secrets(&mut endpoint.properties.clone());
        match taken.names().next() {
            None => Ok(()),
            Some(name) => Err(refused(
                &format!("its `{name}` came in clear, not sealed"),
                "credentials.plaintext",
            )),
        }
    }

    fn check_sql(&self, activity: &Object) -> Result<(), Fault> {
        let asks = |endings: &[&str]| {
            let filled = |value: &Value| !value.is_null() && value.as_str() != Some("");
            let named = |name: &str| endings.iter().any(|ending| name.to_ascii_lowercase().ends_with(ending));
            activity
                .iter()
                .find(|(name, value)| named(name) && filled(value))
                .map(|(name, _)| name.clone())
        };
        if !self.sql.queries
            && let Some(name) = asks(&["query"])
        {
            return Err(refused(&format!("the activity's `{name}` is a query"), "sql.queries"));
        }
        if !self.sql.scripts
            && let Some(name) = asks(&["script", "scripts", "storedprocedurename"])
        {
            return Err(refused(&format!("the activity's `{name}` is a script"), "sql.scripts"));
        }
        Ok(())
    }
}
