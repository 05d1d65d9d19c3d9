//! An integration runtime: ADF's name for a gateway.

use super::{properties, text};
use crate::codes::Code;
use crate::fault::Fault;
use serde_json::Value;

/// A typed view on an integration runtime.
#[derive(Clone, Copy, Debug)]
pub struct IntegrationRuntime;

impl IntegrationRuntime {
    /// Checks that the document is a self-hosted integration runtime. One without `type` is taken as self-hosted, the
    /// only kind there is here, because azure-mgmt-datafactory 10.0.0 drops the member.
    ///
    /// # Errors
    /// [`Code::DocumentInvalid`], or [`Code::TypeMissing`] for another type.
    pub fn view(document: &Value) -> Result<Self, Fault> {
        match text(properties(document)?, "type") {
            None => Ok(Self),
            Some(kind) if kind.eq_ignore_ascii_case("SelfHosted") => Ok(Self),
            Some(kind) => Err(Fault::new(
                Code::TypeMissing,
                format!("an integration runtime of type {kind:?} cannot be made here, only SelfHosted"),
            )),
        }
    }
}
