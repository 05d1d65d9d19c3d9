//! The gateway's keys on their way to a new node. The factory says who waits and carries what was sealed; it opens nothing, and
//! whether the new node is the right one is decided on a node that has the keys.

use super::nodes::in_sync;
use crate::state::nodes::{self, NodeRow};
use crate::state::{Conn, gateways, handovers};
use sluice_contract::enrol::{HandedOver, Waiting, WaitingNode};
use sluice_contract::{Code, Fault, NodeId};

/// A gateway has one key in use, and few that were in use before.
const MOST: usize = 64;

fn refused(why: impl Into<String>) -> Fault {
    Fault::new(Code::HandoverRefused, why)
}

/// The nodes of this node's gateway that wait for its keys.
pub(super) async fn waiting(conn: &mut Conn, asks: &NodeRow) -> Result<Waiting, Fault> {
    let siblings = nodes::of_gateway(conn, &asks.gateway).await?;
    let rows = handovers::of_gateway(conn, &asks.gateway).await?;
    let waiting = rows.into_iter().filter(|row| row.keys.is_empty()).filter_map(|row| {
        let node = siblings.iter().find(|node| node.id == row.node)?;
        Some(WaitingNode {
            node: node.id.as_str().into(),
            name: node.name.clone(),
            machine: node.machine.clone(),
            certificate: row.certificate,
        })
    });
    Ok(Waiting {
        nodes: waiting.collect(),
    })
}

/// Keeps sealed keys until the node fetches them. Only a node that holds the gateway's key may pass it on, and only sealed.
pub(super) async fn hand_over(conn: &mut Conn, from: &NodeRow, to: &NodeId, keys: &[String]) -> Result<(), Fault> {
    let gateway = gateways::by_id(conn, &from.gateway).await?;
    if !gateway.is_some_and(|gateway| in_sync(&gateway, from)) {
        return Err(refused("this node does not hold the gateway's key itself"));
    }
    let siblings = nodes::of_gateway(conn, &from.gateway).await?;
    let waits = handovers::of_node(conn, to.as_str()).await?;
    let (Some(row), true) = (waits, siblings.iter().any(|node| node.id == to.as_str())) else {
        return Err(refused("no such node of this gateway waits for its keys"));
    };
    let recipient = sluice_seal::thumbprint(&row.certificate)?;
    if keys.is_empty() || keys.len() > MOST {
        return Err(refused(format!("{} keys are not 1 to {MOST}", keys.len())));
    }
    for key in keys {
        if sluice_seal::recipient(key)? != recipient {
            return Err(refused(
                "a key is not sealed to the certificate that the node waits with",
            ));
        }
    }
    tracing::info!(from = %from.name, to = %to, keys = keys.len(), "The gateway's keys are passed on to a new node");
    handovers::pass_on(conn, to.as_str(), keys).await
}

/// What was passed on to a node.
pub(super) async fn take(conn: &mut Conn, node: &NodeRow) -> Result<HandedOver, Fault> {
    let row = handovers::of_node(conn, &node.id).await?;
    let keys = row.map(|row| row.keys).unwrap_or_default();
    Ok(HandedOver { keys })
}
