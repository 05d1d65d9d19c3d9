//! A node becomes a member of its gateway. The registration key is the only proof it needs.

use super::call::Call;
use super::error::ApiError;
use super::nodes::in_sync;
use super::reply;
use crate::app::App;
use crate::pki::NodeCertificate;
use crate::state::gateways::GatewayRow;
use crate::state::nodes::NodeRow;
use crate::state::{Conn, audit, factories, gateways, handovers, nodes, outbox};
use crate::wire::{now, sha256_hex};
use axum::response::Response;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use sluice_channel::Peer;
use sluice_contract::document::check_name;
use sluice_contract::enrol::{EnrolReply, EnrolRequest, RegistrationKey};
use sluice_contract::{Code, Fault, GatewayId, NodeId};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// How many nodes a gateway may have, unless somebody changes it.
pub(crate) const PLACES: i64 = 4;
/// How long a registration waits for a broker.
const QUEUES: Duration = Duration::from_secs(10);

/// `POST /enrol/v1/nodes`.
pub(crate) async fn enrol(app: &Arc<App>, call: &Call, address: IpAddr) -> Result<Response, ApiError> {
    app.registrations.check(&address.to_string())?;
    let request: EnrolRequest = serde_json::from_slice(&call.body)
        // The text of the error could quote the key.
        .map_err(|e| {
            Fault::new(
                Code::BadJson,
                format!("the enrolment request is not understood at column {}", e.column()),
            )
        })?;
    let outcome = register(app, &request, address).await;
    if let Err(fault) = &outcome {
        tracing::warn!(%address, node = %request.node_name, %fault, "A registration was refused");
        if matches!(fault.code, Code::KeyRefused | Code::KeyInvalid) {
            app.registrations.failed(&address.to_string());
        }
        let entry = audit::Entry {
            kind: "node".to_owned(),
            actor: request.node_name.clone(),
            address: address.to_string(),
            operation: "Enrol".to_owned(),
            target: call.path.clone(),
            detail: fault.code.to_string(),
            ..audit::Entry::default()
        };
        audit::refused(&app.state, &entry).await;
    }
    let answer = outcome?;
    tracing::info!(%address, gateway = %answer.gateway_name, node = %answer.node, name = %request.node_name, "A node registered");
    app.live.changed();
    Ok(reply::json_reply(answer))
}

async fn register(app: &App, request: &EnrolRequest, address: IpAddr) -> Result<EnrolReply, Fault> {
    let key = RegistrationKey::parse(&request.key)?;
    check_name(&request.node_name)?;
    let thumbprint = sluice_seal::thumbprint(&request.credential_certificate)?;
    let mut tx = app.state.write().await?;
    let refused = || Fault::new(Code::KeyRefused, "the key is not one of a gateway of this factory");
    let mut gateway = gateways::by_id(&mut tx, key.gateway.as_str()).await?;
    if !key_fits(&request.key, gateway.as_ref().map(|gateway| &gateway.keys)) || key.factory.as_str() != app.deployment
    {
        return Err(refused());
    }
    let gateway = gateway.as_mut().ok_or_else(refused)?;
    let mut siblings = nodes::of_gateway(&mut tx, &gateway.id).await?;
    let mut replaced = Vec::new();
    if request.replace {
        replaced = siblings
            .extract_if(.., |node| node.name.eq_ignore_ascii_case(&request.node_name))
            .collect();
    }
    check_place(gateway, &siblings, &request.node_name)?;
    check_certificate(gateway, &siblings, &thumbprint, request.awaits_keys)?;
    for node in &replaced {
        nodes::delete(&mut tx, &node.id).await?;
        outbox::delete_for(&mut tx, &gateway.id, Some(&node.id)).await?;
    }

    let (gateway_id, node_id) = (GatewayId::from(gateway.id.as_str()), NodeId::generate());
    let certificate = NodeCertificate::issue(&app.ca, &request.csr, &app.deployment, &gateway_id, &node_id)?;
    let node = NodeRow {
        id: node_id.to_string(),
        gateway: gateway.id.clone(),
        name: request.node_name.clone(),
        machine: request.machine.clone(),
        version: request.version.clone(),
        fingerprint: certificate.fingerprint,
        expires: certificate.expires,
        epoch: 0,
        slots: 0,
        jobs_limit: None,
        registered: now(),
        connected: None,
        started: None,
        certificates: match request.awaits_keys {
            true => Vec::new(),
            false => vec![thumbprint.clone()],
        },
        cloned: None,
    };
    nodes::insert(&mut tx, &node).await?;
    nodes::set_address(&mut tx, &node.id, &address.to_string()).await?;
    audit::describe(|entry| {
        entry.kind = "node".to_owned();
        entry.actor.clone_from(&node.name);
        entry.detail = format!("into the gateway {}", gateway.name);
    });
    if request.awaits_keys {
        handovers::ask(&mut tx, &node.id, &request.credential_certificate).await?;
    } else {
        gateway.certificate = Some(request.credential_certificate.clone());
        gateway.thumbprint = Some(thumbprint);
        gateways::put(&mut tx, gateway).await?;
    }
    let factory_name = factory_name(&mut tx, &gateway.factory).await?;
    tx.commit().await?;
    app.cut_off(replaced, "another machine took this node's place").await;
    app.registry.add(&node);
    let peer = Peer {
        gateway: gateway_id.clone(),
        node: node_id.clone(),
    };
    // The node waits until its queues are there; they are made at the latest when the factory reaches the broker again.
    match tokio::time::timeout(QUEUES, app.line.prepare(&[peer])).await {
        Ok(Ok(())) => {}
        Ok(Err(fault)) => tracing::warn!(node = %node_id, %fault, "The queues of a node could not be made yet"),
        Err(_) => tracing::warn!(node = %node_id, "The queues of a node are not made yet: the broker does not answer"),
    }
    Ok(EnrolReply {
        gateway: gateway_id,
        gateway_name: gateway.name.clone(),
        factory_name,
        node: node_id,
        certificate: certificate.pem,
        ca: app.ca.pem.clone(),
        amqp_endpoint: app.amqp_endpoint.clone(),
        https_endpoint: app.rest_url.clone(),
        broker: app.line.access(),
        replicas: app.replicas.addresses(),
    })
}

async fn factory_name(conn: &mut Conn, id: &str) -> Result<String, Fault> {
    Ok(factories::by_id(conn, id)
        .await?
        .map(|factory| factory.name)
        .unwrap_or_default())
}

/// Compares the hash of the key's secret with the stored ones, in a time that tells nothing; an unknown gateway takes as
/// long as a wrong key.
fn key_fits(key: &str, stored: Option<&[gateways::KeyRow; 2]>) -> bool {
    let secret = key.trim().rsplit('@').next().unwrap_or_default();
    let hash = sha256_hex(&BASE64_URL_SAFE_NO_PAD.decode(secret).unwrap_or_default());
    let nothing = "0".repeat(64);
    let known = stored.map_or([nothing.as_str(); 2], |keys| {
        [keys[0].hash.as_str(), keys[1].hash.as_str()]
    });
    let mut fits =
        known.map(|known| aws_lc_rs::constant_time::verify_slices_are_equal(known.as_bytes(), hash.as_bytes()).is_ok());
    if let Some(keys) = stored {
        for (fits, key) in fits.iter_mut().zip(keys) {
            let over = key.expires.is_some_and(|until| until <= now());
            if *fits && over {
                // For the administrator; whoever tries the key is told what he is told of every other.
                tracing::warn!("A registration key that has expired was used");
            }
            *fits &= !over;
        }
    }
    stored.is_some() && (fits[0] | fits[1])
}

fn check_place(gateway: &GatewayRow, siblings: &[NodeRow], name: &str) -> Result<(), Fault> {
    if siblings.iter().any(|node| node.name.eq_ignore_ascii_case(name)) {
        return Err(Fault::new(
            Code::NodeNameTaken,
            format!("the gateway has a node named {name}"),
        ));
    }
    if i64::try_from(siblings.len()).unwrap_or(i64::MAX) >= gateway.places {
        return Err(Fault::new(
            Code::PlacesTaken,
            format!("the gateway has {} nodes, which is the limit", siblings.len()),
        ));
    }
    Ok(())
}

/// A further node brings the gateway's certificate, or waits for somebody who has it.
fn check_certificate(gateway: &GatewayRow, siblings: &[NodeRow], thumbprint: &str, awaits: bool) -> Result<(), Fault> {
    if awaits {
        return match siblings.iter().any(|node| in_sync(gateway, node)) {
            true => Ok(()),
            false => Err(Fault::new(
                Code::HandoverRefused,
                "the gateway has no node that could hand its keys over; the first node registers without waiting",
            )),
        };
    }
    if !siblings.is_empty() && gateway.thumbprint.as_deref().is_some_and(|known| known != thumbprint) {
        let first = &siblings[0].name;
        return Err(Fault::new(
            Code::CertificateDiffers,
            format!("the gateway's credentials are sealed to the certificate of node {first}, and this is another one"),
        ));
    }
    Ok(())
}
