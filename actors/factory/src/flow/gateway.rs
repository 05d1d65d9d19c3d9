//! Which gateway does the work, and what it is told of a linked service.

use crate::state::documents::DocumentRow;
use crate::state::gateways::{self, GatewayRow};
use crate::state::{Conn, stored};
use serde_json::Value;
use sluice_contract::document::{LinkedService, carry_over, find_expression, text};
use sluice_contract::job::Endpoint;
use sluice_contract::{Code, Fault, Object};

/// Chooses the gateway: the one that is named, else that of the first of these linked services that names one, else the
/// data factory's only one.
///
/// # Errors
/// `SL4007` when it is not there, or cannot be chosen.
pub(crate) async fn choose_gateway(
    conn: &mut Conn,
    factory: &str,
    named: Option<&str>,
    services: &[&DocumentRow],
) -> Result<GatewayRow, Fault> {
    let missing = |what: String| Fault::new(Code::ReferenceMissing, what);
    let mut name = named.map(str::to_owned);
    for service in services {
        if name.is_none() {
            name = gateway_name(service)?;
        }
    }
    if let Some(name) = name {
        return gateways::find(conn, factory, &name)
            .await?
            .ok_or_else(|| missing(format!("the gateway {name} is not in this data factory")));
    }
    let mut all = gateways::list(conn, factory, "", 2).await?;
    match (all.pop(), all.pop()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(missing("the data factory has no gateway".to_owned())),
        (Some(_), Some(_)) => Err(missing(
            "no linked service names a gateway in connectVia, and the data factory has several".to_owned(),
        )),
    }
}

/// The gateway that a linked service names.
///
/// # Errors
/// `SL9001` when the stored document does not parse.
pub(crate) fn gateway_name(service: &DocumentRow) -> Result<Option<String>, Fault> {
    let body: Value = stored("a linked service", &service.body)?;
    Ok(LinkedService::view(&body)?.gateway().map(str::to_owned))
}

/// What a gateway is told of a linked service: its public properties, and the credential sealed for this gateway.
///
/// # Errors
/// `SL4014` for an expression, `SL5006` when the credential was not sealed for this gateway.
pub(crate) fn endpoint_of(service: &DocumentRow, gateway: &GatewayRow) -> Result<Endpoint, Fault> {
    let body: Value = stored("a linked service", &service.body)?;
    let view = LinkedService::view(&body)?;
    let properties = view.type_properties();
    no_expression(&format!("linked service {}", service.name), properties)?;
    let sealed = service.sealed.get(&gateway.id).cloned();
    // Sealed by the client itself, to a certificate of its choice.
    let own = text(properties, "encryptedCredential").filter(|text| text.split('.').count() == 5);
    let sealed = sealed.or_else(|| own.map(str::to_owned));
    if sealed.is_none() && (!service.sealed.is_empty() || carry_over(properties)) {
        return Err(Fault::new(
            Code::CredentialMissing,
            format!(
                "the secret of the linked service {} is not sealed for the gateway {}",
                service.name, gateway.name
            ),
        ));
    }
    Ok(Endpoint {
        name: service.name.clone(),
        kind: view.kind().to_owned(),
        properties: properties.clone(),
        sealed,
        dataset_kind: String::new(),
        dataset: Object::new(),
        activity: Object::new(),
        extra: Object::new(),
    })
}

/// Checks that a part of a document holds values, not expressions.
///
/// # Errors
/// `SL4014` with the place.
pub(crate) fn no_expression(what: &str, object: &Object) -> Result<(), Fault> {
    match find_expression(object) {
        None => Ok(()),
        Some(place) => Err(Fault::new(
            Code::ExpressionUnsupported,
            format!("{what}: `{place}` is an expression"),
        )),
    }
}
