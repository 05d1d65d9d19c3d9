//! What tokens and API clients have in common: what is asked for them, and how it is shown.

use super::{Scope, Within, expiry, replaces};
use crate::state::grants::Grant;
use crate::wire::{now, time_text};
use serde_json::{Value, json};
use sluice_contract::document::check_name;
use sluice_contract::{Fault, Object};

/// A token or a client that is to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewGrant {
    pub(super) name: String,
    scope: Scope,
    within: Within,
    expires: Option<i64>,
    /// Whether one of that name gives way to it.
    pub(super) replace: bool,
}

impl NewGrant {
    /// Reads `{"scope", "within"?, "expiresInDays"?, "replace"?}`.
    ///
    /// # Errors
    /// `SL4005`, `SL4012`.
    pub(crate) fn read(name: &str, body: &Object) -> Result<Self, Fault> {
        check_name(name)?;
        Ok(Self {
            name: name.to_owned(),
            scope: Scope::of(body)?,
            within: Within::of(body)?,
            expires: expiry(body)?,
            replace: replaces(body),
        })
    }

    /// From now on.
    pub(super) fn grant(self) -> Grant {
        Grant {
            name: self.name,
            scope: self.scope.as_str().to_owned(),
            within: self.within.text(),
            created: now(),
            expires: self.expires,
        }
    }
}

/// A grant as it is shown.
pub(crate) fn render(grant: &Grant) -> Value {
    json!({
        "name": grant.name,
        "scope": grant.scope,
        "within": grant.within,
        "created": time_text(grant.created),
        "expires": grant.expires.map(time_text),
    })
}
