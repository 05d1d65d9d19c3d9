//! A linked service: how to reach a store.

use super::{empty, kind, member, properties, reference};
use crate::Object;
use crate::fault::Fault;
use serde_json::Value;

/// A typed view on a linked service.
#[derive(Clone, Copy, Debug)]
pub struct LinkedService<'a> {
    properties: &'a Object,
    kind: &'a str,
}

impl<'a> LinkedService<'a> {
    /// Reads `{"properties": {"type": .., "typeProperties": ..}}`.
    ///
    /// # Errors
    /// [`crate::Code::DocumentInvalid`], [`crate::Code::TypeMissing`].
    pub fn view(document: &'a Value) -> Result<Self, Fault> {
        let properties = properties(document)?;
        Ok(Self {
            properties,
            kind: kind(properties, "the linked service")?,
        })
    }

    /// Its `type`, such as `PostgreSqlV2`.
    pub fn kind(&self) -> &'a str {
        self.kind
    }

    /// The gateway it names in `connectVia`, or in v1's `typeProperties.gatewayName`.
    pub fn gateway(&self) -> Option<&'a str> {
        member(self.properties, "connectVia")
            .and_then(reference)
            .or_else(|| super::text(self.type_properties(), "gatewayName"))
            .filter(|name| !name.eq_ignore_ascii_case("AutoResolveIntegrationRuntime"))
    }

    /// Its `typeProperties`; empty when missing.
    pub fn type_properties(&self) -> &'a Object {
        member(self.properties, "typeProperties")
            .and_then(Value::as_object)
            .unwrap_or(empty())
    }

    /// Its `parameters`, if it has any.
    pub fn parameters(&self) -> &'a Object {
        member(self.properties, "parameters")
            .and_then(Value::as_object)
            .unwrap_or(empty())
    }
}
