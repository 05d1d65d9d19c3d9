//! Who is logged in: a cookie that names a session in the database, and the one-time tickets that are exchanged for one.

use crate::app::App;
use crate::state::tickets;
use crate::wire::{micros, random_text, sha256_hex};
use axum::http::{HeaderMap, HeaderValue, header};
use dashmap::DashMap;
use sluice_contract::Fault;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// `__Host-`: only this host, only TLS, the whole site.
const COOKIE: &str = "__Host-sluice";
const SESSION: Duration = Duration::from_secs(12 * 3600);
const TICKET: Duration = Duration::from_secs(600);

/// One-time tickets, by their hash, with the moment they run out.
#[derive(Debug, Default)]
pub(crate) struct Tickets(DashMap<String, Instant>);

impl Tickets {
    /// A link with a fresh ticket.
    pub(crate) fn link(&self, base: &str) -> String {
        self.0.retain(|_, until| *until > Instant::now());
        let Ok(ticket) = random_text() else {
            // Without random numbers there is no ticket; the form still takes a token.
            return format!("{base}/login");
        };
        self.0.insert(sha256_hex(ticket.as_bytes()), Instant::now() + TICKET);
        format!("{base}/login?ticket={ticket}")
    }

    /// Uses a ticket up; whether it was good.
    pub(super) fn take(&self, ticket: &str) -> bool {
        let found = self.0.remove(&sha256_hex(ticket.as_bytes()));
        found.is_some_and(|(_, until)| until > Instant::now())
    }
}

/// Begins a session; the cookie to set.
pub(super) async fn begin(app: &Arc<App>) -> Result<HeaderValue, Fault> {
    let secret = random_text()?;
    let mut tx = app.state.write().await?;
    tickets::insert(&mut tx, &secret, micros(SESSION)).await?;
    tx.commit().await?;
    Ok(cookie(&secret, SESSION.as_secs()))
}

/// Ends the session of a request; the cookie that removes the cookie.
pub(super) async fn end(app: &Arc<App>, headers: &HeaderMap) -> Result<HeaderValue, Fault> {
    if let Some(secret) = secret(headers) {
        let mut tx = app.state.write().await?;
        tickets::delete(&mut tx, secret).await?;
        tx.commit().await?;
    }
    Ok(cookie("", 0))
}

/// Whether a request belongs to a session.
pub(super) async fn is_logged_in(app: &Arc<App>, headers: &HeaderMap) -> Result<bool, Fault> {
    match secret(headers) {
        Some(secret) => tickets::is_valid(&mut *app.state.read().await?, secret).await,
        None => Ok(false),
    }
}

fn secret(headers: &HeaderMap) -> Option<&str> {
    let pairs = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    pairs
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value)
}

fn cookie(secret: &str, seconds: u64) -> HeaderValue {
    let text = format!("{COOKIE}={secret}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict");
    // Base64url and digits only.
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
