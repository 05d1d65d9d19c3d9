//! `/access`: tokens, API clients and users; made and revoked with forms.

use super::format::ago;
use super::forms::Form;
use super::session::{self, Session};
use super::{layout, require};
use crate::access::{self, NewGrant, NewUser, Scope};
use crate::app::App;
use crate::rest::ApiError;
use crate::state::audit::{self as log, Entry};
use crate::state::{clients, tokens, users};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde_json::{Value, json};
use sluice_contract::{Code, Fault, Object};
use std::sync::Arc;

/// The page; `news` is what the form before it did.
pub(super) async fn render(app: &Arc<App>, news: Option<Markup>) -> Result<Response, ApiError> {
    let mut conn = app.state.read().await?;
    let (tokens, clients) = (tokens::list(&mut conn).await?, clients::list(&mut conn).await?);
    let users = users::list(&mut conn).await?;
    drop(conn);
    let body = html! {
        h1 { "Access" }
        @if let Some(news) = news { div.panel.pad role="status" { (news) } }
        h2 { "Users" }
        div.panel { table {
            thead { tr { th { "Name" } th { "Scope" } th { "Since" } th {} } }
            tbody { @for user in &users {
                (row("user", &user.name, &user.scope, "", user.created, true))
            } }
        } }
        (make("user", html! {
            label for="user-password" { "Password, 12 characters or more" }
            input #user-password name="password" type="password" autocomplete="new-password" required minlength="12";
        }))
        h2 { "Tokens" }
        div.panel { table {
            thead { tr { th { "Name" } th { "Scope" } th { "Since" } th {} } }
            tbody { @for token in &tokens {
                (row("token", &token.name, &token.scope, &token.within, token.created, token.name != access::ADMIN))
            } }
        } }
        (make("token", html! {}))
        h2 { "API clients" }
        div.panel { table {
            thead { tr { th { "Name and client id" } th { "Scope" } th { "Since" } th {} } }
            tbody { @for client in clients.iter().map(|client| &client.grant) {
                (row("client", &client.name, &client.scope, &client.within, client.created, true))
            } }
        } }
        (make("client", html! {}))
        p.faint { "On the command line: " code { "sluice factory user|token|client" } }
    };
    Ok(layout::page("Access", &app.rest_endpoint, false, &body).into_response())
}

fn row(kind: &str, name: &str, scope: &str, within: &str, created: i64, revocable: bool) -> Markup {
    html! {
        tr {
            td { strong { (name) } }
            td { (scope) @if !within.is_empty() { small { "within " (within) } } }
            td { (ago(created)) }
            td { @if revocable {
                form method="post" action="/access" {
                    (session::form_token())
                    input type="hidden" name="kind" value=(kind);
                    input type="hidden" name="do" value="revoke";
                    input type="hidden" name="name" value=(name);
                    button.quiet { "Revoke" }
                }
            } }
        }
    }
}

fn make(kind: &str, more: Markup) -> Markup {
    let (name, scope) = (format!("{kind}-name"), format!("{kind}-scope"));
    html! {
        form.make method="post" action="/access" {
            (session::form_token())
            input type="hidden" name="kind" value=(kind);
            input type="hidden" name="do" value="make";
            label for=(name) { "New " (kind) }
            input id=(name) name="name" autocomplete="off" required;
            label for=(scope) { "Scope" }
            select id=(scope) name="scope" {
                @for scope in Scope::ALL { option value=(scope.as_str()) { (scope.as_str()) } }
            }
            (more)
            button { "Make it" }
        }
    }
}

/// `POST /access`.
pub(super) async fn change(app: &Arc<App>, session: &Session, form: &Form) -> Result<Response, ApiError> {
    require(session, Scope::Admin)?;
    let (kind, name) = (form.field("kind"), form.field("name"));
    let noun = match kind {
        "user" => "User",
        "token" => "Token",
        "client" => "Client",
        _ => return Err(Fault::new(Code::DocumentInvalid, "the form is of no kind").into()),
    };
    let makes = form.field("do") == "make";
    let entry = Entry {
        kind: session.identity.actor.as_str().to_owned(),
        actor: session.identity.name.clone(),
        address: session.identity.address.to_string(),
        operation: format!("{noun}{}", if makes { "Put" } else { "Delete" }),
        target: format!("/access/v1/{kind}s/{name}"),
        ..Entry::default()
    };
    let work = async {
        match makes {
            true => made(app, kind, name, form).await,
            false => revoked(app, kind, name).await,
        }
    };
    match log::during(entry, work).await {
        Ok(news) => render(app, Some(news)).await,
        Err(fault) => {
            let problem = html! { p.error role="alert" { (fault.message) ". " (fault.next_step()) } };
            let page = render(app, Some(problem)).await?;
            Ok((StatusCode::BAD_REQUEST, page).into_response())
        }
    }
}

async fn made(app: &Arc<App>, kind: &str, name: &str, form: &Form) -> Result<Markup, Fault> {
    let mut body = Object::from_iter([("scope".to_owned(), json!(form.field("scope")))]);
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    Ok(match kind {
        "user" => {
            body.insert("password".to_owned(), form.secret("password").as_str().into());
            let new = NewUser::read(name, &mut body).await?;
            let mut tx = app.state.write().await?;
            access::make_user(&mut tx, new).await?;
            tx.commit().await?;
            html! { p { "The user " (name) " can log in." } }
        }
        "token" => {
            let new = access::read_token(name, &body)?;
            let mut tx = app.state.write().await?;
            let reply = access::make_token(&mut tx, new).await?;
            tx.commit().await?;
            html! { p { "The token " (name) ", shown this once:" } pre { (text(&reply, "token")) } }
        }
        _ => {
            let new = NewGrant::read(name, &body)?;
            let mut tx = app.state.write().await?;
            let reply = access::make_client(&mut tx, new).await?;
            tx.commit().await?;
            html! {
                p { "The client " (name) ", its secret shown this once:" }
                pre { "AZURE_CLIENT_ID=" (text(&reply, "clientId")) "\nAZURE_CLIENT_SECRET=" (text(&reply, "clientSecret")) }
            }
        }
    })
}

async fn revoked(app: &Arc<App>, kind: &str, name: &str) -> Result<Markup, Fault> {
    let mut tx = app.state.write().await?;
    let existed = match kind {
        "user" => access::revoke_user(&mut tx, name).await?,
        "token" => access::revoke_token(&mut tx, name).await?,
        _ => access::revoke_client(&mut tx, name).await?,
    };
    if existed {
        tx.commit().await?;
    }
    Ok(html! { p { "The " (kind) " " (name) " is revoked." } })
}
