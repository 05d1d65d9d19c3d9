//! The page: gateways with their nodes, runs with live progress, the factory's components. Rendered here, updated over one event stream, and usable
//! without JavaScript.

mod access;
mod assets;
mod audit;
mod component_row;
mod components;
mod credentials;
mod events;
mod format;
mod forms;
mod gateways;
mod home;
mod layout;
mod login;
mod progress;
mod run;
mod runs;
mod session;

pub(crate) use session::Tickets;

use crate::access::Scope;
use crate::app::App;
use crate::rest::{ApiError, Remote};
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use session::Session;
use sluice_contract::{Code, Fault};
use std::sync::Arc;

/// Nothing from elsewhere, nothing inline, in nobody's frame.
const CSP: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// Whether a path is the page's, not the contract's.
pub(crate) fn owns(path: &str) -> bool {
    matches!(
        path,
        "/" | "/access"
            | "/audit"
            | "/components"
            | "/credentials"
            | "/login"
            | "/logout"
            | "/events"
            | "/livez"
            | "/readyz"
            | "/favicon.ico"
    ) || path.starts_with("/assets/")
        || path.starts_with("/runs/")
}

/// Answers a request of the page.
pub(crate) async fn answer(app: &Arc<App>, remote: Remote, request: Request) -> Response {
    let mut response = route(app, remote, request)
        .await
        .unwrap_or_else(IntoResponse::into_response);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    // Not "no-referrer": with that a browser sends forms of this very page with the origin "null".
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn route(app: &Arc<App>, remote: Remote, request: Request) -> Result<Response, ApiError> {
    // A body cannot be shared between threads, and all but one of these need none.
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let address = remote.0.ip();
    let get = matches!(parts.method, Method::GET | Method::HEAD);
    match path.as_str() {
        "/livez" if get => return Ok("ok\n".into_response()),
        "/readyz" if get => {
            // Ready means that the database answers.
            app.state.read().await?;
            return Ok("ok\n".into_response());
        }
        "/favicon.ico" if get => return Ok(StatusCode::NO_CONTENT.into_response()),
        "/login" if get => return login::form(app, parts.uri.query(), address).await,
        "/login" if parts.method == Method::POST => return login::submit(app, &parts, body, address).await,
        _ => {}
    }
    if let Some(asset) = path.strip_prefix("/assets/").filter(|_| get) {
        return Ok(assets::serve(asset));
    }
    let Some(session) = session::of(app, &parts.headers, address).await? else {
        return Ok(match path.as_str() {
            "/events" => StatusCode::UNAUTHORIZED.into_response(),
            _ if get => Redirect::to("/login").into_response(),
            _ => login::ended(),
        });
    };
    if get {
        return session::during(session.clone(), show(app, &session, &path, parts.uri.query())).await;
    }
    if parts.method != Method::POST {
        return Err(ApiError::unsupported(parts.method.as_str(), &path, &["GET"]));
    }
    let form = forms::of_session(&parts, body, &session).await?;
    match path.as_str() {
        "/logout" => login::logout(app, &parts).await,
        "/access" => session::during(session.clone(), access::change(app, &session, &form)).await,
        "/credentials" => session::during(session.clone(), credentials::save(app, &session, &form)).await,
        _ => Err(ApiError::unsupported(parts.method.as_str(), &path, &["GET"])),
    }
}

/// A page for somebody who is logged in.
async fn show(app: &Arc<App>, session: &Session, path: &str, query: Option<&str>) -> Result<Response, ApiError> {
    if matches!(path, "/access" | "/audit") {
        require(session, Scope::Admin)?;
    }
    match path {
        "/" => Ok(home::render(app).await?.into_response()),
        "/access" => access::render(app, None).await,
        "/audit" => audit::render(app, query).await,
        "/components" => Ok(components::render(app).await?.into_response()),
        "/credentials" => credentials::render(app, query).await,
        "/events" => Ok(events::stream(app.clone(), session.clone())),
        _ => run::render(app, path.strip_prefix("/runs/").unwrap_or_default()).await,
    }
}

/// Whether somebody may see or do something here.
fn require(session: &Session, needed: Scope) -> Result<(), Fault> {
    match session.identity.may(needed) {
        true => Ok(()),
        false => Err(Fault::new(
            Code::ScopeMissing,
            format!("this needs the scope {}", needed.as_str()),
        )),
    }
}
