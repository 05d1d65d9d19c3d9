//! The documents that an activity names, with the expressions in them evaluated over what they are given for their
//! parameters.

use crate::flow::eval::{Parameters, evaluate_object};
use crate::flow::parameters;
use crate::state::documents::{self, DocumentKind, DocumentRow};
use crate::state::gateways::GatewayRow;
use crate::state::{Conn, stored};
use serde_json::Value;
use sluice_contract::document::{
    Dataset, Inline, LinkedService, MASK, Reference, carry_over, inline_credential, secret_stores,
};
use sluice_contract::job::Endpoint;
use sluice_contract::{Code, Fault, Object};
use std::collections::BTreeMap;

/// A linked service with values in place of its parameters.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) name: String,
    /// Its `type`.
    pub(crate) kind: String,
    pub(crate) properties: Object,
    /// The gateway in its `connectVia`.
    pub(crate) gateway: Option<String>,
    /// Sealed credentials by gateway id.
    pub(crate) sealed: BTreeMap<String, String>,
    /// The linked services that its secrets refer to: a node asks them.
    pub(crate) stores: Vec<Service>,
}

/// A dataset with values in place of its parameters, and the linked service it lies in.
#[derive(Clone, Debug)]
pub(crate) struct Set {
    /// Its `type`.
    pub(crate) kind: String,
    /// What a connector gets of it.
    pub(crate) request: Object,
    pub(crate) service: Service,
}

/// Finds a dataset and its linked service.
///
/// # Errors
/// `SL4007` when one of them is not there, `SL4017` for an expression, `SL4020` for a parameter.
pub(crate) async fn dataset(conn: &mut Conn, factory: &str, reference: Reference<'_>) -> Result<Set, Fault> {
    let row = found(conn, factory, DocumentKind::Dataset, reference.name).await?;
    let about = format!("dataset {}", row.name);
    let body: Value = stored("a dataset", &row.body)?;
    let view = Dataset::view(&body)?;
    let given = public(parameters::bind(&about, view.parameters(), reference.parameters)?);
    let scope = Parameters::Dataset(Value::Object(given));
    let properties = evaluate_object(&about, view.type_properties(), &scope)?;
    let of_service = view.linked_service_reference();
    let given = evaluate_object(&about, of_service.parameters, &scope)?;
    let of_service = Reference {
        name: of_service.name,
        parameters: &given,
    };
    let service = linked_service(conn, factory, of_service).await;
    Ok(Set {
        kind: view.kind().to_owned(),
        request: view.request_with(properties),
        service: service.map_err(|fault| fault.context(about))?,
    })
}

/// Finds a linked service.
///
/// # Errors
/// As [`dataset`].
pub(crate) async fn linked_service(conn: &mut Conn, factory: &str, reference: Reference<'_>) -> Result<Service, Fault> {
    let row = found(conn, factory, DocumentKind::LinkedService, reference.name).await?;
    Service::of(&row, reference.parameters)?
        .with_stores(conn, factory)
        .await
}

/// The parameters that have a value: those of type SecureString are not kept, and what stands for them is no value.
fn public(mut bound: Object) -> Object {
    bound.retain(|_, value| value.as_str() != Some(MASK));
    bound
}

async fn found(conn: &mut Conn, factory: &str, kind: DocumentKind, name: &str) -> Result<DocumentRow, Fault> {
    let word = match kind {
        DocumentKind::Dataset => "dataset",
        DocumentKind::LinkedService => "linked service",
        DocumentKind::Pipeline => "pipeline",
        DocumentKind::DataFlow => "data flow",
        DocumentKind::Credential => "credential",
        DocumentKind::GlobalParameter => "global parameter",
        DocumentKind::Trigger => "trigger",
    };
    documents::find(conn, factory, kind, name)
        .await?
        .ok_or_else(|| Fault::new(Code::ReferenceMissing, format!("there is no {word} named {name}")))
}

impl Service {
    /// A stored linked service, given these parameters.
    ///
    /// # Errors
    /// `SL4017` for an expression, `SL4020` for a parameter.
    pub(crate) fn of(row: &DocumentRow, given: &Object) -> Result<Self, Fault> {
        let about = format!("linked service {}", row.name);
        let body: Value = stored("a linked service", &row.body)?;
        let view = LinkedService::view(&body)?;
        let given = public(parameters::bind(&about, view.parameters(), given)?);
        let scope = Parameters::LinkedService(Value::Object(given));
        Ok(Self {
            name: row.name.clone(),
            kind: view.kind().to_owned(),
            properties: evaluate_object(&about, view.type_properties(), &scope)?,
            gateway: view.gateway().map(str::to_owned),
            sealed: row.sealed.clone(),
            stores: Vec::new(),
        })
    }

    /// The same with the stores of secrets that it refers to.
    ///
    /// # Errors
    /// `SL4007` when one of them is not there, and as [`Service::of`].
    pub(crate) async fn with_stores(mut self, conn: &mut Conn, factory: &str) -> Result<Self, Fault> {
        for name in secret_stores(&self.properties) {
            let about = format!("linked service {}, the store of a secret", self.name);
            let row = found(conn, factory, DocumentKind::LinkedService, &name).await;
            self.stores
                .push(Self::of(&row.map_err(|fault| fault.context(about))?, &Object::new())?);
        }
        Ok(self)
    }

    /// What a gateway is told of it: its public properties, and the credential sealed for this gateway.
    ///
    /// # Errors
    /// `SL5006` when the credential was not sealed for this gateway, `SL5023` when Azure encrypted it.
    pub(crate) fn endpoint(&self, gateway: &GatewayRow) -> Result<Endpoint, Fault> {
        // Sealed by the client itself, to a certificate of its choice.
        let (own, properties) = inline_credential(&self.properties);
        let sealed = match (self.sealed.get(&gateway.id).cloned(), own) {
            (Some(sealed), _) | (None, Some(Inline::Sealed(sealed))) => Some(sealed),
            (None, Some(Inline::Foreign)) => {
                let name = &self.name;
                return Err(Fault::new(
                    Code::CredentialForeign,
                    format!("linked service {name}: no node of a gateway here can open its encryptedCredential"),
                ));
            }
            (None, None) => None,
        };
        if sealed.is_none() && (!self.sealed.is_empty() || carry_over(&properties)) {
            return Err(Fault::new(
                Code::CredentialMissing,
                format!(
                    "the secret of the linked service {} is not sealed for the gateway {}",
                    self.name, gateway.name
                ),
            ));
        }
        let stores = self
            .stores
            .iter()
            .map(|store| store.endpoint(gateway))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Endpoint {
            name: self.name.clone(),
            kind: self.kind.clone(),
            properties,
            sealed,
            dataset_kind: String::new(),
            dataset: Object::new(),
            activity: Object::new(),
            extra: Object::new(),
        }
        .with_secret_stores(&stores))
    }
}

impl Set {
    /// One side of a job: the dataset, and the activity's `source`, `sink` or what it has like these.
    ///
    /// # Errors
    /// As [`Service::endpoint`].
    pub(crate) fn endpoint(&self, activity: &Object, gateway: &GatewayRow) -> Result<Endpoint, Fault> {
        Ok(Endpoint {
            dataset_kind: self.kind.clone(),
            dataset: self.request.clone(),
            activity: activity.clone(),
            ..self.service.endpoint(gateway)?
        })
    }
}
