//! An integration runtime: ADF's name for a gateway.

use super::{properties, text};
use crate::codes::Code;
use crate::fault::Fault;
use serde_json::Value;

/// What an integration runtime is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntegrationRuntime {
    /// A gateway.
    SelfHosted,
    /// Machines of Azure: a document to be kept, and nothing that could work.
    Managed,
}

impl IntegrationRuntime {
    /// Reads the type. One without is taken as self-hosted, the only kind that works here, because azure-mgmt-datafactory
    /// 10.0.0 drops the member.
    ///
    /// # Errors
    /// [`Code::DocumentInvalid`], or [`Code::TypeMissing`] for another type.
    pub fn view(document: &Value) -> Result<Self, Fault> {
        match text(properties(document)?, "type") {
            None => Ok(Self::SelfHosted),
            Some(kind) if kind.eq_ignore_ascii_case("SelfHosted") => Ok(Self::SelfHosted),
            Some(kind) if kind.eq_ignore_ascii_case("Managed") => Ok(Self::Managed),
            Some(kind) => Err(Fault::new(
                Code::TypeMissing,
                format!("an integration runtime of type {kind:?} is not known here, only SelfHosted and Managed"),
            )),
        }
    }
}
