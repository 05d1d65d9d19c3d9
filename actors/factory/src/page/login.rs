//! Logging in: with a one-time link, or by pasting an API token.

use super::{layout, session};
use crate::app::App;
use crate::rest::{ApiError, Remote, host, token_is_admin};
use axum::body::{Body, to_bytes};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use sluice_contract::{Code, Fault};
use std::sync::Arc;
use url::form_urlencoded;

const MAX_FORM: usize = 16 * 1024;

/// `GET /login`, with or without a ticket.
pub(super) async fn form(app: &Arc<App>, query: Option<&str>) -> Result<Response, ApiError> {
    let ticket = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).find(|(name, _)| name == "ticket");
    match ticket {
        Some((_, ticket)) if app.tickets.take(&ticket) => {
            let cookie = session::begin(app).await?;
            // A page, not a redirect: after a redirect that began on another site a strict cookie is not sent.
            Ok(([(header::SET_COOKIE, cookie)], layout::onward()).into_response())
        }
        Some(_) => Ok(page(Some(
            "This link was used already, or is older than ten minutes. Ask for a new one, or paste a token.",
        ))),
        None => Ok(page(None)),
    }
}

/// `POST /login` with a token.
pub(super) async fn submit(app: &Arc<App>, parts: &Parts, body: Body) -> Result<Response, ApiError> {
    same_site(parts)?;
    let address = parts.extensions.get::<Remote>().map(|remote| remote.0.ip());
    if let Some(address) = address {
        app.limiter.check(address)?;
    }
    let body = to_bytes(body, MAX_FORM)
        .await
        .map_err(|_| Fault::new(Code::DocumentInvalid, "the form is too large"))?;
    let token = form_urlencoded::parse(&body).find(|(name, _)| name == "token");
    let token = token.map(|(_, value)| value.trim().to_owned()).unwrap_or_default();
    if token_is_admin(app, &token).await? {
        let cookie = session::begin(app).await?;
        return Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response());
    }
    if let Some(address) = address {
        app.limiter.failed(address);
    }
    Ok((
        StatusCode::FORBIDDEN,
        page(Some("This is not a token of this factory.")),
    )
        .into_response())
}

/// `POST /logout`.
pub(super) async fn logout(app: &Arc<App>, parts: &Parts) -> Result<Response, ApiError> {
    same_site(parts)?;
    let cookie = session::end(app, &parts.headers).await?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/login")).into_response())
}

/// A form must come from this site: browsers say where it came from.
fn same_site(parts: &Parts) -> Result<(), Fault> {
    let origin = parts.headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    let here = host(parts).map(|host| format!("https://{host}"));
    match origin {
        Some(origin) if Some(origin) != here.as_deref() => {
            Err(Fault::new(Code::Unauthorized, "the form was sent by another site"))
        }
        _ => Ok(()),
    }
}

fn page(problem: Option<&str>) -> Response {
    let body = html! {
        div.login {
            h1 { "Log in to Sluice" }
            @if let Some(problem) = problem { p.error role="alert" { (problem) } }
            div.panel.pad {
                p { "Open the link that " code { "sluice factory run" } " printed, or paste an API token." }
                form method="post" action="/login" {
                    label for="token" { "API token" }
                    input #token name="token" type="password" autocomplete="current-password" required autofocus;
                    button { "Log in" }
                }
                p.faint { "The administrator's token is in the file " code { "admin.token" } " of the factory's state directory." }
            }
        }
    };
    layout::bare("Log in", &body).into_response()
}
