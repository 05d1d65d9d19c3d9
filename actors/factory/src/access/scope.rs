//! What somebody may do, as four steps of which each holds the ones before it.

use serde::Serialize;
use sluice_contract::document::text;
use sluice_contract::{Code, Fault, Object};

/// A scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scope {
    /// Looks at everything that holds no secret.
    Reader,
    /// Starts and stops what is there: runs, triggers, connection tests.
    Operator,
    /// Changes documents, gateways and data factories, and sees registration keys.
    Contributor,
    /// Says who may do what, and reads the audit log.
    Admin,
}

impl Scope {
    /// All of them, from the least on.
    pub(crate) const ALL: [Scope; 4] = [Scope::Reader, Scope::Operator, Scope::Contributor, Scope::Admin];

    /// Its name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Scope::Reader => "reader",
            Scope::Operator => "operator",
            Scope::Contributor => "contributor",
            Scope::Admin => "admin",
        }
    }

    /// Reads a name. The database holds nothing else; what it does not know gives no right.
    pub(crate) fn parse(name: &str) -> Option<Scope> {
        Scope::ALL
            .into_iter()
            .find(|scope| scope.as_str().eq_ignore_ascii_case(name))
    }

    /// The member `scope` of a request.
    ///
    /// # Errors
    /// `SL4005`.
    pub(crate) fn of(body: &Object) -> Result<Scope, Fault> {
        text(body, "scope").and_then(Scope::parse).ok_or_else(|| {
            let what = "`scope` is none of reader, operator, contributor, admin";
            Fault::new(Code::DocumentInvalid, what)
        })
    }
}
