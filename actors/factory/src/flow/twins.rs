//! The same node on two machines: someone has copied its state directory, or the machine with it. The newest connection counts, as
//! ever; that the two take the place from each other again and again is told.

use crate::state::audit::{self, Entry};
use crate::state::nodes::{self, NodeRow};
use crate::state::{Conn, instances};
use crate::wire::{now, time_text};
use serde_json::{Value, json};
use sluice_channel::Peer;
use sluice_contract::message::Hello;
use sluice_contract::{Code, Fault};

/// So long after it was last noticed it is taken to be so: an hour.
const HOLDS: i64 = 3_600_000_000;

/// Notes which process opens a session, and whether another one runs as the same node.
pub(super) async fn look(conn: &mut Conn, peer: &Peer, hello: &Hello, epoch: i64) -> Result<(), Fault> {
    let node = peer.node.as_str();
    let Some(other) = instances::seen(conn, node, &hello.instance, &hello.machine, epoch).await? else {
        return Ok(());
    };
    let known = nodes::by_id(conn, node).await?;
    instances::set_cloned(conn, node, now()).await?;
    let Some(known) = known.filter(|known| !is_cloned(known)) else {
        // It is told already, and the two go on for as long as they are let.
        return Ok(());
    };
    let detail = format!(
        "{}: it runs twice, on {} and on {other}",
        Code::NodeCloned,
        hello.machine
    );
    tracing::error!(node, name = %known.name, gateway = %peer.gateway, machine = %hello.machine, other, code = %Code::NodeCloned,
        "The same node runs twice");
    let entry = Entry {
        kind: "node".to_owned(),
        actor: known.name,
        operation: "Session".to_owned(),
        target: format!("/gateways/{}/nodes/{node}", peer.gateway),
        detail,
        ..Entry::default()
    };
    audit::insert(conn, &entry, "noticed").await
}

/// Whether a node was lately found to run twice.
pub(crate) fn is_cloned(node: &NodeRow) -> bool {
    node.cloned.is_some_and(|at| at > now() - HOLDS)
}

/// What is wrong with a node, as replies tell it.
pub(crate) fn conditions(node: &NodeRow) -> Option<Value> {
    let at = node.cloned.filter(|_| is_cloned(node))?;
    let page = Code::NodeCloned.page();
    Some(json!([{ "code": Code::NodeCloned, "text": page.title, "since": time_text(at) }]))
}
