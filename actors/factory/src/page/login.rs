//! Logging in: with a one-time link, as a user, or with an API token.

use super::forms::{self, Form};
use super::{layout, session};
use crate::access::{Actor, Identity, Within, verify_password};
use crate::app::App;
use crate::rest::{ApiError, of_token};
use crate::state::audit::{self, Entry};
use crate::state::users;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use sluice_contract::Fault;
use std::net::IpAddr;
use std::sync::Arc;
use url::form_urlencoded;

/// `GET /login`, with or without a ticket.
pub(super) async fn form(app: &Arc<App>, query: Option<&str>, address: IpAddr) -> Result<Response, ApiError> {
    let ticket = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).find(|(name, _)| name == "ticket");
    match ticket {
        Some((_, ticket)) if app.tickets.take(&ticket) => {
            let cookie = begin(app, Actor::Link, "", address).await?;
            // A page, not a redirect: after a redirect that began on another site a strict cookie is not sent.
            Ok(([(header::SET_COOKIE, cookie)], layout::onward()).into_response())
        }
        Some(_) => Ok(page(Some(
            "This link was used already, or is older than ten minutes. Ask for a new one, or log in below.",
        ))),
        None => Ok(page(None)),
    }
}

/// `POST /login` as a user or with a token.
pub(super) async fn submit(app: &Arc<App>, parts: &Parts, body: Body, address: IpAddr) -> Result<Response, ApiError> {
    let form = forms::stranger(parts, body).await?;
    app.logins.check(&address.to_string())?;
    let name = form.field("user");
    let found = match name {
        "" => by_token(app, &form, address).await?,
        name => by_password(app, &form, name, address).await?,
    };
    if let Some(identity) = found {
        let cookie = begin(app, identity.actor, &identity.name, address).await?;
        return Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response());
    }
    app.logins.failed(&address.to_string());
    let (actor, problem) = match name {
        "" => (
            Actor::Token,
            "This is not a token of this factory, or it counts in a part of it only.",
        ),
        _ => (Actor::User, "There is no such user, or the password is another one."),
    };
    audit::refused(&app.state, &entry(actor, name, address)).await;
    Ok((StatusCode::FORBIDDEN, page(Some(problem))).into_response())
}

async fn by_token(app: &Arc<App>, form: &Form, address: IpAddr) -> Result<Option<Identity>, Fault> {
    let token = form.secret("token");
    let found = of_token(app, token.trim(), address).await?;
    // The console shows the whole factory, so a token for a part of it is not for the console.
    Ok(found.filter(|identity| {
        identity.actor == Actor::Token && identity.scope.is_some() && identity.within == Within::default()
    }))
}

async fn by_password(app: &Arc<App>, form: &Form, name: &str, address: IpAddr) -> Result<Option<Identity>, Fault> {
    // Whatever address it comes from, an account is not tried for ever.
    let account = name.to_lowercase();
    app.accounts.check(&account)?;
    let user = users::find(&mut *app.state.read().await?, name).await?;
    let stored = user.as_ref().map(|user| user.password.clone());
    if !verify_password(form.secret("password"), stored).await? {
        app.accounts.failed(&account);
        return Ok(None);
    }
    Ok(user.map(|user| Identity {
        actor: Actor::User,
        name: user.name,
        ..Identity::nobody(address)
    }))
}

fn entry(actor: Actor, name: &str, address: IpAddr) -> Entry {
    Entry {
        kind: actor.as_str().to_owned(),
        actor: name.to_owned(),
        address: address.to_string(),
        operation: "Login".to_owned(),
        target: "/login".to_owned(),
        ..Entry::default()
    }
}

async fn begin(app: &Arc<App>, actor: Actor, name: &str, address: IpAddr) -> Result<HeaderValue, Fault> {
    audit::during(entry(actor, name, address), session::begin(app, actor, name)).await
}

/// `POST /logout`.
pub(super) async fn logout(app: &Arc<App>, parts: &Parts) -> Result<Response, ApiError> {
    let cookie = session::end(app, &parts.headers).await?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/login")).into_response())
}

/// The answer to a form of a session that is over.
pub(super) fn ended() -> Response {
    let problem = "The session is over, so nothing was done. Log in and try again.";
    (StatusCode::UNAUTHORIZED, page(Some(problem))).into_response()
}

fn page(problem: Option<&str>) -> Response {
    let body = html! {
        div.login {
            h1 { "Log in to Sluice" }
            @if let Some(problem) = problem { p.error role="alert" { (problem) } }
            div.panel.pad {
                form method="post" action="/login" {
                    label for="user" { "User" }
                    input #user name="user" autocomplete="username" required autofocus;
                    label for="password" { "Password" }
                    input #password name="password" type="password" autocomplete="current-password" required;
                    button { "Log in" }
                }
            }
            div.panel.pad {
                p { "Without a user: open the link that " code { "sluice factory run" } " printed, or paste an API token." }
                form method="post" action="/login" {
                    label for="token" { "API token" }
                    input #token name="token" type="password" autocomplete="off" required;
                    button { "Log in with the token" }
                }
                p.faint {
                    "The administrator's token is in the file " code { "admin.token" } " of the factory's state directory. "
                    "It makes users: " code { "sluice factory user create NAME" }
                }
            }
        }
    };
    layout::bare("Log in", &body).into_response()
}
