//! A node's next certificate, before the present one ends.

use crate::app::App;
use crate::pki::NodeCertificate;
use crate::state::Conn;
use crate::state::nodes::{self, NodeRow};
use crate::wire::now;
use sluice_contract::enrol::Renewed;
use sluice_contract::{Code, Fault};

/// Issues it and writes it down; the node as it is then. What it was before stays good until its own end.
pub(super) async fn renew(app: &App, conn: &mut Conn, node: &NodeRow, csr: &str) -> Result<(Renewed, NodeRow), Fault> {
    // Whoever finds the key of a machine that was switched off long ago does not come back with it.
    if node.expires <= now() {
        let message = format!("the certificate of node {} has ended; register it again", node.name);
        return Err(Fault::new(Code::NodeRequestRefused, message));
    }
    let (gateway, id) = (node.gateway.as_str().into(), node.id.as_str().into());
    let issued = NodeCertificate::issue(&app.ca, csr, &app.deployment, &gateway, &id)?;
    nodes::renew(conn, node, &issued.fingerprint, issued.expires).await?;
    tracing::info!(node = %node.id, name = %node.name, "A node's certificate was renewed");
    let renewed = NodeRow {
        fingerprint: issued.fingerprint,
        expires: issued.expires,
        ..node.clone()
    };
    Ok((
        Renewed {
            certificate: issued.pem,
        },
        renewed,
    ))
}
