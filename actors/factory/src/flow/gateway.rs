//! Which gateway does the work.

use super::plan::reference::Service;
use crate::state::Conn;
use crate::state::gateways::{self, GatewayRow};
use sluice_contract::{Code, Fault};

/// Chooses the gateway: the one that is named, else that of the first of these linked services that names one, else the
/// data factory's only one.
///
/// # Errors
/// `SL4007` when it is not there, or cannot be chosen.
pub(crate) async fn choose_gateway(
    conn: &mut Conn,
    factory: &str,
    named: Option<&str>,
    services: &[&Service],
) -> Result<GatewayRow, Fault> {
    let missing = |what: String| Fault::new(Code::ReferenceMissing, what);
    let of_services = services.iter().find_map(|service| service.gateway.as_deref());
    if let Some(name) = named.or(of_services) {
        let found = gateways::find(conn, factory, name).await?;
        let gateway = found.ok_or_else(|| missing(format!("the gateway {name} is not in this data factory")))?;
        if gateway.is_managed() {
            return Err(missing(format!(
                "the integration runtime {name} is of the type Managed, and there are no machines of Azure here: name a \
                 gateway in connectVia"
            )));
        }
        return Ok(gateway);
    }
    let mut all = gateways::list(conn, factory, "", i64::MAX).await?;
    all.retain(|gateway| !gateway.is_managed());
    match (all.pop(), all.pop()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(missing("the data factory has no gateway".to_owned())),
        (Some(_), Some(_)) => Err(missing(
            "no linked service names a gateway in connectVia, and the data factory has several".to_owned(),
        )),
    }
}
