//! Testing a linked service's connection through a node. An operation of our own:
//! `POST {F}/linkedservices/{name}/testConnection?gateway=NAME`.

use super::call::Call;
use super::error::ApiError;
use super::reply;
use crate::app::App;
use crate::flow::{Service, choose_gateway};
use crate::state::documents::{self, DocumentKind, DocumentRow};
use crate::state::gateways::GatewayRow;
use crate::state::{nodes, outbox, replicas, stored};
use axum::response::Response;
use serde_json::json;
use sluice_channel::Address;
use sluice_contract::message::{ProbeReply, ProbeRequest, ProbeStage};
use sluice_contract::{Code, Envelope, Fault, Message, NodeId, Object};
use std::sync::Arc;
use std::time::Duration;

/// A store behind a slow network may need long for each stage.
const DEADLINE: Duration = Duration::from_secs(55);
/// How often it is looked whether another replica has the answer.
const LOOK: Duration = Duration::from_millis(300);
const SEND: Duration = Duration::from_secs(10);

pub(crate) async fn test_connection(app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    let mut conn = app.state.read().await?;
    let factory = call.factory(&mut conn).await?;
    let service = documents::find(&mut conn, &factory.id, DocumentKind::LinkedService, call.name(3))
        .await?
        .ok_or_else(|| ApiError::no_resource("linkedservices", call.name(3)))?;
    let named = call
        .query
        .get("gateway")
        .map(String::as_str)
        .filter(|name| !name.is_empty());
    drop(conn);
    let tested = test(app, &factory.id, &service, named).await?;
    Ok(reply::json_reply(json!({
        "succeeded": tested.succeeded(),
        "gateway": tested.gateway,
        "node": tested.node,
        "stages": tested.stages,
    })))
}

/// What came of a test.
pub(crate) struct Tested {
    pub(crate) gateway: String,
    pub(crate) node: String,
    pub(crate) stages: Vec<ProbeStage>,
}

impl Tested {
    pub(crate) fn succeeded(&self) -> bool {
        !self.stages.is_empty() && self.stages.iter().all(|stage| stage.fault.is_none())
    }
}

/// Has a node of its gateway reach for a linked service, which need not be stored.
///
/// # Errors
/// Those of a document that cannot be served, `SL4015` when no node is online, `SL3003` and `SL3006` when the node does not
/// answer.
pub(crate) async fn test(
    app: &App,
    factory: &str,
    service: &DocumentRow,
    named: Option<&str>,
) -> Result<Tested, Fault> {
    let mut conn = app.state.read().await?;
    let service = Service::of(service, &Object::new())?;
    let service = service.with_stores(&mut conn, factory).await?;
    let gateway = choose_gateway(&mut conn, factory, named, &[&service]).await?;
    let endpoint = service.endpoint(&gateway)?;
    let online = nodes::of_gateway(&mut conn, &gateway.id).await?;
    drop(conn);
    let node = online
        .into_iter()
        .find(|node| super::status::is_online(app, node))
        .ok_or_else(|| {
            Fault::new(
                Code::GatewayOffline,
                format!("no node of the gateway {} is online", gateway.name),
            )
        })?;
    let request = Message::ProbeRequest(ProbeRequest {
        endpoint,
        extra: Object::new(),
    });
    let answer = ask(app, &gateway, &NodeId::new(node.id), &request).await?;
    Ok(Tested {
        gateway: gateway.name,
        node: node.name,
        stages: answer.stages,
    })
}

async fn ask(app: &App, gateway: &GatewayRow, node: &NodeId, request: &Message) -> Result<ProbeReply, Fault> {
    let envelope = Envelope::new(gateway.id.as_str().into(), request).node(node.clone());
    let answer = app.live.expect_probe(&envelope.id, node);
    let address = Address::Control {
        gateway: gateway.id.as_str().into(),
        node: node.clone(),
    };
    let exchange = async {
        if app.is_elsewhere(node) {
            let mut tx = app.state.write().await?;
            outbox::insert(&mut tx, Some(node.as_str()), &envelope, 0).await?;
            tx.commit().await?;
        } else {
            app.post
                .send(&address, &envelope, SEND)
                .await
                .map_err(sluice_channel::SendError::into_fault)?;
        }
        tokio::select! {
            answer = answer => {
                answer.map_err(|_| Fault::new(Code::ChannelLost, "the node was disconnected before it answered"))
            }
            answer = told_another(app, &envelope.id, node), if app.replicas.is_shared() => answer,
        }
    };
    let outcome = tokio::time::timeout(DEADLINE, exchange).await;
    app.live.forget_probe(&envelope.id);
    outcome.unwrap_or_else(|_| {
        Err(Fault::new(
            Code::ChannelTimeout,
            format!(
                "the node did not answer the connection test within {} s",
                DEADLINE.as_secs()
            ),
        ))
    })
}

/// The answer, once the node has given it to another replica.
async fn told_another(app: &App, request: &str, node: &NodeId) -> Result<ProbeReply, Fault> {
    loop {
        tokio::time::sleep(LOOK).await;
        if let Some(reply) = replicas::reply(&mut *app.state.read().await?, request, node.as_str()).await? {
            return stored("a reply", &reply);
        }
    }
}
