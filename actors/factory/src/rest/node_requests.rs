//! What a registered node asks for outside of the channel. The signature with its certificate's key is the proof.

use super::call::Call;
use super::error::ApiError;
use super::{handover, renewal, reply};
use crate::app::App;
use crate::state::nodes::{self, NodeRow};
use crate::state::{Conn, audit, gateways, handovers, outbox};
use crate::wire::sha256_hex;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use axum::response::Response;
use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Serialize;
use serde_json::Value;
use sluice_contract::enrol::{NodeAsks, NodeOrder, NodeRequest};
use sluice_contract::{Code, Fault};
use std::net::IpAddr;
use std::sync::Arc;
use x509_parser::pem::parse_x509_pem;

/// How far a node's clock may be off, in seconds.
const SKEW: i64 = 300;

/// `POST /enrol/v1/node`.
pub(crate) async fn answer(app: &Arc<App>, call: &Call, address: IpAddr) -> Result<Response, ApiError> {
    app.registrations.check(&address.to_string())?;
    let outcome = run(app, call).await;
    if let Err(fault) = &outcome {
        tracing::warn!(%address, %fault, "A node's request was refused");
        if fault.code == Code::NodeRequestRefused {
            app.registrations.failed(&address.to_string());
        }
    }
    let Some(answer) = outcome? else {
        app.live.changed();
        return Ok(reply::done());
    };
    Ok(reply::json_reply(answer))
}

/// Does what a node asks for; what it is answered, where it asked a question.
async fn run(app: &Arc<App>, call: &Call) -> Result<Option<Value>, Fault> {
    let request: NodeRequest = serde_json::from_slice(&call.body)
        .map_err(|e| Fault::new(Code::BadJson, format!("the request is not understood: {e}")))?;
    let mut tx = app.state.write().await?;
    let (node, order) = check(&mut tx, &request).await?;
    audit::describe(|entry| {
        entry.kind = "node".to_owned();
        entry.actor.clone_from(&node.name);
        entry.detail = match &order.what {
            NodeAsks::Leave => "leaves its gateway",
            NodeAsks::Holds { .. } => "says which certificates it holds",
            NodeAsks::UseCertificate { .. } => "changes the gateway's certificate",
            NodeAsks::HandOver { .. } => "hands the gateway's keys over to a new node",
            NodeAsks::Renew { .. } => "renews its certificate",
            // Questions change nothing, so that nothing is written down.
            NodeAsks::Waiting | NodeAsks::Take => "asks about the gateway's keys",
            NodeAsks::Exported(what) => {
                entry.detail = format!("has exported {what}");
                return;
            }
        }
        .to_owned();
    });
    match order.what {
        NodeAsks::Leave => {
            nodes::delete(&mut tx, &node.id).await?;
            outbox::delete_for(&mut tx, &node.gateway, Some(&node.id)).await?;
            tx.commit().await?;
            tracing::info!(node = %node.id, name = %node.name, "A node left its gateway");
            app.cut_off(vec![node], "the node left its gateway").await;
        }
        NodeAsks::Holds { certificates } => {
            nodes::holds(&mut tx, &node.id, &certificates).await?;
            end_of_waiting(&mut tx, &node, &certificates).await?;
            tx.commit().await?;
        }
        NodeAsks::UseCertificate { certificate } => {
            use_certificate(&mut tx, &node, &certificate).await?;
            tx.commit().await?;
        }
        NodeAsks::HandOver { to, keys } => {
            handover::hand_over(&mut tx, &node, &to, &keys).await?;
            tx.commit().await?;
        }
        NodeAsks::Renew { csr } => {
            let (answer, renewed) = renewal::renew(app, &mut tx, &node, &csr).await?;
            tx.commit().await?;
            app.registry.add(&renewed);
            return answered(answer).map(Some);
        }
        NodeAsks::Exported(what) => {
            tracing::warn!(node = %node.id, name = %node.name, %what, "Keys have left a node in a file");
            // It changes nothing but the audit log.
            tx.commit().await?;
        }
        NodeAsks::Waiting => return answered(handover::waiting(&mut tx, &node).await?).map(Some),
        NodeAsks::Take => return answered(handover::take(&mut tx, &node).await?).map(Some),
    }
    Ok(None)
}

fn answered(answer: impl Serialize) -> Result<Value, Fault> {
    serde_json::to_value(answer).map_err(|e| Fault::new(Code::Internal, format!("an answer: {e}")))
}

/// A node that holds its gateway's key waits for it no more: what was passed on to it is forgotten.
async fn end_of_waiting(conn: &mut Conn, node: &NodeRow, held: &[String]) -> Result<(), Fault> {
    let gateway = gateways::by_id(conn, &node.gateway).await?;
    let used = gateway.and_then(|gateway| gateway.thumbprint);
    if used.is_some_and(|used| held.contains(&used)) {
        handovers::end(conn, &node.id).await?;
    }
    Ok(())
}

/// The node that signed a request, and what it asks for.
async fn check(conn: &mut Conn, request: &NodeRequest) -> Result<(NodeRow, NodeOrder), Fault> {
    let refused = |why: &str| Fault::new(Code::NodeRequestRefused, why);
    let (_, block) = parse_x509_pem(request.certificate.as_bytes()).map_err(|_| refused("it brings no certificate"))?;
    let certificate = block.parse_x509().map_err(|_| refused("it brings no certificate"))?;
    let node = nodes::by_fingerprint(conn, &sha256_hex(&block.contents))
        .await?
        .ok_or_else(|| Fault::new(Code::NodeUnknown, "no node of this factory has this certificate"))?;
    let signature = BASE64_STANDARD.decode(&request.signature).unwrap_or_default();
    let key = UnparsedPublicKey::new(
        &ECDSA_P256_SHA256_ASN1,
        &certificate.public_key().subject_public_key.data,
    );
    key.verify(request.order.as_bytes(), &signature)
        .map_err(|_| refused("its signature is wrong"))?;
    let order: NodeOrder = serde_json::from_str(&request.order)
        .map_err(|e| Fault::new(Code::BadJson, format!("the order is not understood: {e}")))?;
    let now = chrono::Utc::now().timestamp();
    if order.node.as_str() != node.id || (order.at - now).abs() > SKEW {
        return Err(refused("it is of another node, or its time is off"));
    }
    Ok((node, order))
}

/// New credentials are sealed to this certificate, if every node of the gateway can open them then.
async fn use_certificate(conn: &mut Conn, node: &NodeRow, certificate: &str) -> Result<(), Fault> {
    let thumbprint = sluice_seal::thumbprint(certificate)?;
    let gateway = gateways::by_id(conn, &node.gateway).await?;
    let mut gateway = gateway.ok_or_else(|| Fault::new(Code::NodeUnknown, "the node's gateway is gone"))?;
    let all = nodes::of_gateway(conn, &node.gateway).await?;
    let without = all
        .iter()
        .find(|other| other.id != node.id && !other.certificates.contains(&thumbprint));
    if let Some(other) = without {
        let message = format!("node {} does not hold the certificate {thumbprint}", other.name);
        return Err(Fault::new(Code::CertificateNotShared, message));
    }
    let mut held = node.certificates.clone();
    if !held.contains(&thumbprint) {
        held.push(thumbprint.clone());
    }
    nodes::holds(conn, &node.id, &held).await?;
    tracing::info!(gateway = %gateway.name, node = %node.name, thumbprint, "Credentials are sealed to another certificate from now on");
    gateway.certificate = Some(certificate.to_owned());
    gateway.thumbprint = Some(thumbprint);
    gateways::put(conn, &gateway).await
}
