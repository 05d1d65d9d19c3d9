//! A dataset: which table or file of a store.

use super::{Reference, empty, kind, member, properties};
use crate::Object;
use crate::codes::Code;
use crate::fault::Fault;
use serde_json::Value;

/// A typed view on a dataset.
#[derive(Clone, Copy, Debug)]
pub struct Dataset<'a> {
    properties: &'a Object,
    kind: &'a str,
    linked_service: Reference<'a>,
}

impl<'a> Dataset<'a> {
    /// Reads `{"properties": {"type": .., "linkedServiceName": .., "typeProperties": ..}}`.
    ///
    /// # Errors
    /// [`Code::DocumentInvalid`], [`Code::TypeMissing`].
    pub fn view(document: &'a Value) -> Result<Self, Fault> {
        let properties = properties(document)?;
        let linked_service = member(properties, "linkedServiceName")
            .and_then(Reference::view)
            .ok_or_else(|| Fault::new(Code::DocumentInvalid, "the dataset has no `linkedServiceName`"))?;
        Ok(Self {
            properties,
            kind: kind(properties, "the dataset")?,
            linked_service,
        })
    }

    /// Its `type`, such as `PostgreSqlTable` or `Parquet`.
    pub fn kind(&self) -> &'a str {
        self.kind
    }

    /// The name of the linked service it lies in.
    pub fn linked_service(&self) -> &'a str {
        self.linked_service.name
    }

    /// The same with what it is given for its parameters.
    pub fn linked_service_reference(&self) -> Reference<'a> {
        self.linked_service
    }

    /// Its `typeProperties`; empty when missing.
    pub fn type_properties(&self) -> &'a Object {
        member(self.properties, "typeProperties")
            .and_then(Value::as_object)
            .unwrap_or(empty())
    }

    /// What a connector gets: the `typeProperties`, and beside them, for a file, the columns that the dataset declares.
    pub fn request(&self) -> Object {
        self.request_with(self.type_properties().clone())
    }

    /// The same with `typeProperties` whose expressions have been evaluated.
    pub fn request_with(&self, mut request: Object) -> Object {
        // A list of columns; of JSON it may be a schema of its own.
        let says = |columns: &&Value| match columns {
            Value::Array(columns) => !columns.is_empty(),
            Value::Object(schema) => self.kind.eq_ignore_ascii_case("Json") && !schema.is_empty(),
            _ => false,
        };
        let columns = member(self.properties, "schema").filter(says);
        if let Some(columns) = columns.filter(|_| member(&request, "location").is_some()) {
            request.entry("schema").or_insert_with(|| columns.clone());
        }
        request
    }

    /// Its `parameters`, if it has any.
    pub fn parameters(&self) -> &'a Object {
        member(self.properties, "parameters")
            .and_then(Value::as_object)
            .unwrap_or(empty())
    }
}
