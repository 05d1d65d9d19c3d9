//! Who may ask.

use crate::app::App;
use axum::http::{HeaderMap, header};
use sluice_contract::{Code, Fault};

/// Checks the bearer token of a request.
///
/// # Errors
/// `SL4001`.
pub(crate) async fn check(app: &App, headers: &HeaderMap) -> Result<(), Fault> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
        .map(|(_, token)| token.trim());
    let Some(token) = token else {
        return Err(Fault::new(Code::Unauthorized, "the request has no bearer token"));
    };
    if token_is_admin(app, token).await? {
        Ok(())
    } else {
        Err(Fault::new(
            Code::Unauthorized,
            "the bearer token is not one of this factory",
        ))
    }
}

/// Whether a token is one of this factory with the scope `admin`, the only one there is for now.
pub(crate) async fn token_is_admin(app: &App, token: &str) -> Result<bool, Fault> {
    let found = crate::state::tokens::find(&mut *app.state.read().await?, token).await?;
    Ok(found.is_some_and(|(_, scopes)| scopes.split(' ').any(|scope| scope == "admin")))
}
