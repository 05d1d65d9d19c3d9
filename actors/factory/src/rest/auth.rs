//! Who asks: the bearer token of a request.

use crate::access::{Actor, Identity};
use crate::app::App;
use crate::state::{clients, tokens};
use axum::http::{HeaderMap, header};
use sluice_contract::{Code, Fault};
use std::net::IpAddr;

/// Finds out who a request is from.
///
/// # Errors
/// `SL4001`.
pub(crate) async fn identify(app: &App, headers: &HeaderMap, address: IpAddr) -> Result<Identity, Fault> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))
        .map(|(_, token)| token.trim());
    let Some(token) = token else {
        return Err(Fault::new(Code::Unauthorized, "the request has no bearer token"));
    };
    of_token(app, token, address).await?.ok_or_else(|| {
        let what = "the bearer token is not one of this factory, or has expired";
        Fault::new(Code::Unauthorized, what)
    })
}

/// Whose a token is: an API token, or one that the OAuth endpoints gave to a client.
pub(crate) async fn of_token(app: &App, token: &str, address: IpAddr) -> Result<Option<Identity>, Fault> {
    let mut conn = app.state.read().await?;
    if let Some(grant) = tokens::find(&mut conn, token).await? {
        return Ok(Some(Identity::granted(Actor::Token, grant, address)));
    }
    let client = clients::by_token(&mut conn, token).await?;
    Ok(client.map(|row| Identity::granted(Actor::Client, row.grant, address)))
}
