//! The page: gateways with their nodes, runs with live progress, the factory's components. Rendered here, updated over one event stream, and usable
//! without JavaScript.

mod assets;
mod components;
mod events;
mod format;
mod gateways;
mod home;
mod layout;
mod login;
mod progress;
mod run;
mod runs;
mod session;

pub(crate) use session::Tickets;

use crate::app::App;
use crate::rest::ApiError;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use std::sync::Arc;

/// Nothing from elsewhere, nothing inline, in nobody's frame.
const CSP: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// Whether a path is the page's, not the contract's.
pub(crate) fn owns(path: &str) -> bool {
    matches!(
        path,
        "/" | "/components" | "/login" | "/logout" | "/events" | "/livez" | "/readyz" | "/favicon.ico"
    ) || path.starts_with("/assets/")
        || path.starts_with("/runs/")
}

/// Answers a request of the page.
pub(crate) async fn answer(app: &Arc<App>, request: Request) -> Response {
    let mut response = route(app, request).await.unwrap_or_else(IntoResponse::into_response);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn route(app: &Arc<App>, request: Request) -> Result<Response, ApiError> {
    // A body cannot be shared between threads, and all but one of these need none.
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let get = matches!(parts.method, Method::GET | Method::HEAD);
    match path.as_str() {
        "/livez" if get => return Ok("ok\n".into_response()),
        "/readyz" if get => {
            // Ready means that the database answers.
            app.state.read().await?;
            return Ok("ok\n".into_response());
        }
        "/favicon.ico" if get => return Ok(StatusCode::NO_CONTENT.into_response()),
        "/login" if get => return login::form(app, parts.uri.query()).await,
        "/login" if parts.method == Method::POST => return login::submit(app, &parts, body).await,
        _ => {}
    }
    if let Some(asset) = path.strip_prefix("/assets/").filter(|_| get) {
        return Ok(assets::serve(asset));
    }
    let logged_in = session::is_logged_in(app, &parts.headers).await?;
    match path.as_str() {
        "/logout" if parts.method == Method::POST => login::logout(app, &parts).await,
        _ if !get => Err(ApiError::unsupported(parts.method.as_str(), &path, &["GET"])),
        "/events" if !logged_in => Ok(StatusCode::UNAUTHORIZED.into_response()),
        _ if !logged_in => Ok(Redirect::to("/login").into_response()),
        "/" => Ok(home::render(app).await?.into_response()),
        "/components" => Ok(components::render(app).into_response()),
        "/events" => Ok(events::stream(app.clone())),
        _ => run::render(app, path.strip_prefix("/runs/").unwrap_or_default()).await,
    }
}
