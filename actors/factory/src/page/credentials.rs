//! Setting a linked service's credential: it is sealed in the browser to the gateway's certificate, and what comes here is
//! the sealed text.

use super::format::state;
use super::forms::Form;
use super::session::{self, Session};
use super::{layout, require};
use crate::access::Scope;
use crate::app::App;
use crate::rest::{ApiError, Tested, test_service};
use crate::state::audit as log;
use crate::state::documents::{self, DocumentKind, DocumentRow};
use crate::state::gateways::{self, GatewayRow};
use crate::state::{Conn, factories, json, stored};
use crate::wire::etag;
use axum::response::{IntoResponse, Redirect, Response};
use base64::prelude::{BASE64_STANDARD, Engine};
use maud::{Markup, html};
use serde_json::Value;
use sluice_contract::document::{LinkedService, binding_of, inline_credential};
use sluice_contract::{Code, Fault};
use std::collections::BTreeMap;
use std::sync::Arc;
use url::form_urlencoded;
use x509_parser::pem::parse_x509_pem;

/// `GET /credentials`: all linked services, or the form for one.
pub(super) async fn render(app: &Arc<App>, query: Option<&str>) -> Result<Response, ApiError> {
    let asked: BTreeMap<String, String> = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .into_owned()
        .collect();
    let mut conn = app.state.read().await?;
    let body = match (asked.get("factory"), asked.get("service")) {
        (Some(factory), Some(service)) => {
            let place = Place::find(&mut conn, factory, service).await?;
            form(
                &place,
                &if asked.contains_key("saved") {
                    News::Saved
                } else {
                    News::None
                },
            )?
        }
        _ => list(&mut conn).await?,
    };
    Ok(layout::page("Credentials", &app.rest_endpoint, false, &body).into_response())
}

/// `POST /credentials`: keeps what the browser sealed.
pub(super) async fn save(app: &Arc<App>, session: &Session, form: &Form) -> Result<Response, ApiError> {
    require(session, Scope::Contributor)?;
    let entry = log::Entry {
        kind: session.identity.actor.as_str().to_owned(),
        actor: session.identity.name.clone(),
        address: session.identity.address.to_string(),
        operation: "CredentialSet".to_owned(),
        target: format!("/linkedservices/{}", form.field("service")),
        ..log::Entry::default()
    };
    match form.field("action") {
        "test" => test(app, form).await,
        _ => log::during(entry, keep(app, form)).await,
    }
}

/// Has a node try what the browser sealed, which is kept nowhere; or what is there, when nothing was typed.
async fn test(app: &Arc<App>, form: &Form) -> Result<Response, ApiError> {
    let place = {
        let mut conn = app.state.read().await?;
        Place::find(&mut conn, form.field("factory"), form.field("service")).await?
    };
    let row = match form.field("sealed") {
        "" => place.row.clone(),
        sealed => place.with(sealed, form.field("property"))?,
    };
    let tested = test_service(app, &place.factory, &row, Some(&place.gateway.name)).await;
    let body = self::form(&place, &News::Tested(tested))?;
    Ok(layout::page("Credentials", &app.rest_endpoint, false, &body).into_response())
}

async fn keep(app: &Arc<App>, form: &Form) -> Result<Response, ApiError> {
    let mut tx = app.state.write().await?;
    let place = Place::find(&mut tx, form.field("factory"), form.field("service")).await?;
    let row = place.with(form.field("sealed"), form.field("property"))?;
    documents::put(&mut tx, &place.factory, DocumentKind::LinkedService, &row).await?;
    tx.commit().await?;
    app.live.changed();
    tracing::info!(service = %row.name, "A credential that a browser sealed was set");
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("factory", place.factory.as_str()),
            ("service", &row.name),
            ("saved", "1"),
        ])
        .finish();
    Ok(Redirect::to(&format!("/credentials?{query}")).into_response())
}

/// A linked service and the gateway that opens its credential.
struct Place {
    factory: String,
    row: DocumentRow,
    gateway: GatewayRow,
}

impl Place {
    async fn find(conn: &mut Conn, factory: &str, service: &str) -> Result<Self, ApiError> {
        let row = documents::find(conn, factory, DocumentKind::LinkedService, service)
            .await?
            .ok_or_else(|| ApiError::no_resource("linkedservices", service))?;
        let body: Value = stored("a linked service", &row.body)?;
        let named = LinkedService::view(&body)?.gateway().map(str::to_owned);
        let none = |what: &str| Fault::new(Code::NoGateway, what);
        let gateway = match named {
            Some(name) => gateways::find(conn, factory, &name).await?,
            None => {
                let mut all = gateways::list(conn, factory, "", 2).await?;
                if all.len() > 1 {
                    return Err(
                        none("the linked service names no gateway in connectVia, and there are several").into(),
                    );
                }
                all.pop()
            }
        };
        Ok(Self {
            factory: factory.to_owned(),
            row,
            gateway: gateway.ok_or_else(|| none("the linked service's gateway is not there"))?,
        })
    }
}

impl Place {
    /// The linked service with another credential.
    fn with(&self, sealed: &str, property: &str) -> Result<DocumentRow, Fault> {
        // The form says what it is for; whether it opens, and for what, only a node can tell.
        let recipient = sluice_seal::recipient(sealed)?;
        if self.gateway.thumbprint.as_deref() != Some(recipient.as_str()) {
            let what = format!("the credential is sealed to {recipient}, which is not the gateway's certificate");
            return Err(Fault::new(Code::DocumentInvalid, what));
        }
        let mut document: Value = stored("a linked service", &self.row.body)?;
        let properties = document
            .get_mut("properties")
            .and_then(|properties| properties.get_mut("typeProperties"))
            .and_then(Value::as_object_mut)
            .ok_or_else(|| Fault::new(Code::DocumentInvalid, "the linked service has no typeProperties"))?;
        // The mask of the secret that this one replaces.
        properties.retain(|name, value| !(name.eq_ignore_ascii_case(property) && value.is_object()));
        let (_, mut rest) = inline_credential(properties);
        rest.insert("encryptedCredential".to_owned(), sealed.into());
        *properties = rest;
        Ok(DocumentRow {
            name: self.row.name.clone(),
            body: json(&document)?,
            etag: etag(),
            sealed: BTreeMap::new(),
        })
    }
}

async fn list(conn: &mut Conn) -> Result<Markup, ApiError> {
    let mut rows = Vec::new();
    let mut seen = Vec::new();
    for gateway in gateways::all(conn).await? {
        if seen.contains(&gateway.factory) {
            continue;
        }
        let name = factories::by_id(conn, &gateway.factory)
            .await?
            .map(|factory| factory.name)
            .unwrap_or_default();
        for row in documents::list(conn, &gateway.factory, DocumentKind::LinkedService, "", i64::MAX).await? {
            let body: Value = stored("a linked service", &row.body)?;
            let view = LinkedService::view(&body)?;
            let own = inline_credential(view.type_properties()).0.is_some();
            rows.push((
                gateway.factory.clone(),
                name.clone(),
                view.kind().to_owned(),
                view.gateway().unwrap_or("-").to_owned(),
                own || !row.sealed.is_empty(),
                row.name,
            ));
        }
        seen.push(gateway.factory);
    }
    Ok(html! {
        h1 { "Credentials" }
        @if rows.is_empty() {
            div.panel.pad { p { "No linked service yet. Send one with " code { "sluice apply -f linkedService.json" } } }
        } @else {
            div.panel { table {
                thead { tr { th { "Linked service" } th { "Type" } th { "Gateway" } th { "Credential" } th { } } }
                tbody {
                    @for (factory, of, kind, gateway, set, name) in &rows {
                        tr {
                            td { strong { (name) } small { "in " (of) } }
                            td { (kind) }
                            td { (gateway) }
                            td { @if *set { "sealed" } @else { span.faint { "none" } } }
                            td { a href=(link(factory, name)) { "Set credential" } }
                        }
                    }
                }
            } }
        }
    })
}

fn link(factory: &str, service: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("factory", factory), ("service", service)])
        .finish();
    format!("/credentials?{query}")
}

/// What the last form did.
enum News {
    None,
    Saved,
    Tested(Result<Tested, Fault>),
}

fn news(news: &News) -> Markup {
    html! {
        @match news {
            News::None => {}
            News::Saved => p role="status" { "The sealed credential is set. Nobody but the gateway's nodes can open it." },
            News::Tested(Err(fault)) => p.error role="alert" { (fault) },
            News::Tested(Ok(tested)) => div.panel.pad {
                @if tested.succeeded() {
                    p role="status" { (state("Succeeded")) " The node " (tested.node) " reached the store. Nothing was saved." }
                } @else {
                    p role="alert" { (state("Failed")) " The node " (tested.node) " did not reach the store. Nothing was saved." }
                }
                dl.facts {
                    @for stage in &tested.stages {
                        dt { (stage.name) }
                        dd {
                            @match &stage.fault {
                                None => { "done in " (stage.millis) " ms" },
                                Some(fault) => { (fault) },
                            }
                        }
                    }
                }
            },
        }
    }
}

fn form(place: &Place, what: &News) -> Result<Markup, Fault> {
    let body: Value = stored("a linked service", &place.row.body)?;
    let view = LinkedService::view(&body)?;
    let (_, public) = inline_credential(view.type_properties());
    let bind = binding_of(view.kind(), &public);
    let pem = place.gateway.certificate.as_deref().unwrap_or_default();
    let certificate = parse_x509_pem(pem.as_bytes())
        .ok()
        .map(|(_, block)| BASE64_STANDARD.encode(block.contents));
    Ok(html! {
        h1 { "Credential of " (place.row.name) }
        (news(what))
        @if let Some(certificate) = certificate {
            div.panel.pad {
                p { "What you type is encrypted in this browser, for the nodes of the gateway " strong { (place.gateway.name) } " only. The factory gets the sealed text." }
                dl.facts {
                    dt { "Type" } dd { (view.kind()) }
                    @for (name, value) in bind.iter().filter(|(name, _)| *name != "type") {
                        dt { "Only for " (name) } dd { (value) }
                    }
                    dt { "The certificate's fingerprint" } dd { code #fingerprint { "-" } }
                }
                p.faint { "Compare it with " code { "sluice gateway certificate show" } " on a node: this page takes the factory's word for it." }
                form method="post" action="/credentials" data-certificate=(certificate) data-type=(view.kind()) data-bind=(json(&bind)?) {
                    (session::form_token())
                    input type="hidden" name="factory" value=(place.factory);
                    input type="hidden" name="service" value=(place.row.name);
                    input type="hidden" name="sealed";
                    input type="hidden" name="property";
                    label for="property" { "Property" }
                    // Without a name, so that a browser without the script sends neither.
                    input #property value="password" autocomplete="off" required;
                    label for="secret" { "Secret" }
                    input #secret type="password" autocomplete="off";
                    input type="hidden" name="action";
                    button disabled { "Encrypt and set" } " "
                    button.second disabled value="test" { "Test connection" }
                    p.faint { "A test without a secret is of the one that is set." }
                }
                p #note role="alert" {}
                noscript { p.error { "This page needs JavaScript: without it there is nothing that encrypts. Use " code { "sluice encrypt" } "." } }
            }
            script type="module" src="/assets/credentials.js" {}
        } @else {
            div.panel.pad { p { "The gateway " (place.gateway.name) " has no registered node yet, so there is no certificate to encrypt for." } }
        }
    })
}
