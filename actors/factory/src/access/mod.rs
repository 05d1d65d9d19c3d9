//! Who may do what: scopes, the identities behind requests, and how tokens, users and API clients are made and revoked.

mod attempts;
mod client;
mod grant;
mod identity;
mod offline;
mod password;
mod scope;
mod support;
mod token;
mod user;

pub(crate) use attempts::Attempts;
pub(crate) use identity::{Actor, Identity, Within};
pub(crate) use password::verify as verify_password;
pub(crate) use scope::Scope;

pub(crate) use client::{make as make_client, render as render_client, revoke as revoke_client};
pub(crate) use grant::{NewGrant, render as render_token};
pub(crate) use token::{ADMIN, make as make_token, read as read_token, revoke as revoke_token};
pub(crate) use user::{NewUser, make as make_user, render as render_user, revoke as revoke_user};

pub use offline::Access;

use crate::wire::now;
use serde_json::Value;
use sluice_contract::document::member;
use sluice_contract::{Code, Fault, Object};

const DAY: i64 = 86_400_000_000;
/// The longest that anything can be made to last: ten years.
const LONGEST_DAYS: i64 = 3660;

/// When something expires that is to last so many days; the member may be missing.
fn expiry(body: &Object) -> Result<Option<i64>, Fault> {
    match member(body, "expiresInDays") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_i64()
            .filter(|days| (1..=LONGEST_DAYS).contains(days))
            .map(|days| Some(now() + days * DAY))
            .ok_or_else(|| {
                let what = format!("`expiresInDays` is not a number from 1 to {LONGEST_DAYS}");
                Fault::new(Code::DocumentInvalid, what)
            }),
    }
}

/// Whether what is there already is to be replaced.
fn replaces(body: &Object) -> bool {
    member(body, "replace").and_then(Value::as_bool).unwrap_or(false)
}

fn taken(what: &str, name: &str) -> Fault {
    Fault::new(Code::AccessNameTaken, format!("there is a {what} named {name} already"))
}
