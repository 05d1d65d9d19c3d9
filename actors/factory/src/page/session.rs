//! Who is logged in: a cookie that names a session in the database, and the one-time tickets that are exchanged for one.
//!
//! A page is rendered within [`during`], so that every form on it can carry the session's token ([`form_token`]) and the
//! navigation shows what the session may see.

use crate::access::{Actor, Identity, Scope, Within};
use crate::app::App;
use crate::state::sessions::{self, SessionRow};
use crate::state::{Conn, tokens, users};
use crate::wire::{micros, now, random_text, sha256_hex};
use axum::http::{HeaderMap, HeaderValue, header};
use dashmap::DashMap;
use maud::{Markup, html};
use sluice_contract::Fault;
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// `__Host-`: only this host, only TLS, the whole site.
const COOKIE: &str = "__Host-sluice";
/// How long a session lasts at most.
const LONGEST: Duration = Duration::from_secs(12 * 3600);
/// How long it lasts when nobody uses it.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// Being used is noted this often, and not with every request.
const NOTED: Duration = Duration::from_secs(60);
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

/// Somebody who is logged in.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) identity: Identity,
    secret: Zeroizing<String>,
}

tokio::task_local! {
    static CURRENT: Session;
}

impl Session {
    /// What a form of this session carries: nobody who does not have the cookie can know it.
    pub(super) fn form_token(&self) -> String {
        sha256_hex(format!("form of {}", self.secret.as_str()).as_bytes())
    }

    /// Whether it still is one. Unlike a request, this does not count as using it.
    pub(super) async fn is_alive(&self, app: &App) -> Result<bool, Fault> {
        let row = sessions::find(&mut *app.state.read().await?, &self.secret).await?;
        Ok(row.is_some())
    }
}

/// Renders something for somebody.
pub(super) async fn during<T>(session: Session, work: impl Future<Output = T>) -> T {
    CURRENT.scope(session, work).await
}

/// Whether whoever this is rendered for has a scope.
pub(super) fn may(scope: Scope) -> bool {
    CURRENT.try_with(|session| session.identity.may(scope)).unwrap_or(false)
}

/// Who this is rendered for, as a name.
pub(super) fn who() -> String {
    CURRENT
        .try_with(|session| match session.identity.actor {
            Actor::Link => "by link".to_owned(),
            _ => session.identity.name.clone(),
        })
        .unwrap_or_default()
}

/// The hidden field that every form of a logged-in page needs.
pub(super) fn form_token() -> Markup {
    let token = CURRENT.try_with(Session::form_token).unwrap_or_default();
    html! { input type="hidden" name="form_token" value=(token); }
}

/// Begins a session of somebody; the cookie to set.
pub(super) async fn begin(app: &Arc<App>, actor: Actor, name: &str) -> Result<HeaderValue, Fault> {
    let secret = Zeroizing::new(random_text()?);
    let row = SessionRow {
        kind: actor.as_str().to_owned(),
        name: name.to_owned(),
        seen: now(),
        expires: now() + micros(LONGEST),
    };
    let mut tx = app.state.write().await?;
    sessions::insert(&mut tx, &secret, &row).await?;
    tx.commit().await?;
    Ok(cookie(&secret, LONGEST.as_secs()))
}

/// Ends the session of a request; the cookie that removes the cookie.
pub(super) async fn end(app: &Arc<App>, headers: &HeaderMap) -> Result<HeaderValue, Fault> {
    if let Some(secret) = secret(headers) {
        let mut tx = app.state.write().await?;
        sessions::delete(&mut tx, secret).await?;
        tx.commit().await?;
    }
    Ok(cookie("", 0))
}

/// The session that a request belongs to.
pub(super) async fn of(app: &Arc<App>, headers: &HeaderMap, address: IpAddr) -> Result<Option<Session>, Fault> {
    let Some(secret) = secret(headers) else { return Ok(None) };
    let mut conn = app.state.read().await?;
    let Some(row) = sessions::find(&mut conn, secret).await? else {
        return Ok(None);
    };
    let unused = now() - row.seen;
    let identity = match unused > micros(IDLE) {
        true => None,
        false => identity(&mut conn, &row, address).await?,
    };
    drop(conn);
    if identity.is_none() || unused > micros(NOTED) {
        let mut tx = app.state.write().await?;
        match identity {
            Some(_) => sessions::touch(&mut tx, secret).await?,
            None => sessions::delete(&mut tx, secret).await?,
        }
        tx.commit().await?;
    }
    Ok(identity.map(|identity| Session {
        identity,
        secret: Zeroizing::new(secret.to_owned()),
    }))
}

/// What a session may do is what its user or its token may do now.
async fn identity(conn: &mut Conn, row: &SessionRow, address: IpAddr) -> Result<Option<Identity>, Fault> {
    let (actor, name, scope) = match row.kind.as_str() {
        "user" => match users::find(conn, &row.name).await? {
            Some(user) => (Actor::User, user.name, Scope::parse(&user.scope)),
            None => return Ok(None),
        },
        "token" => match tokens::by_name(conn, &row.name).await? {
            Some(token) if !token.has_expired() => (Actor::Token, token.name, Scope::parse(&token.scope)),
            _ => return Ok(None),
        },
        _ => (Actor::Link, row.name.clone(), Some(Scope::Admin)),
    };
    Ok(scope.map(|scope| Identity {
        actor,
        name,
        scope: Some(scope),
        within: Within::default(),
        address,
    }))
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
