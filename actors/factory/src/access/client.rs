//! API clients: programs that log in with a client id and a secret, as Azure's libraries do.

use super::{Scope, Within, expiry, replaces, taken};
use crate::state::Conn;
use crate::state::clients::{self, ClientRow};
use crate::wire::{now, random_text, sha256_hex, time_text};
use serde_json::{Value, json};
use sluice_contract::document::check_name;
use sluice_contract::{Fault, Object};
use zeroize::Zeroizing;

/// A client that is to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewClient {
    name: String,
    scope: Scope,
    within: Within,
    expires: Option<i64>,
    replace: bool,
}

impl NewClient {
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
}

/// Makes a client, or gives one a new secret. The secret is shown once, here.
///
/// # Errors
/// `SL4054` when the name is taken and is not to be replaced.
pub(crate) async fn make(conn: &mut Conn, new: NewClient) -> Result<Value, Fault> {
    let old = clients::by_name(conn, &new.name).await?;
    if old.is_some() && !new.replace {
        return Err(taken("client", &new.name));
    }
    let secret = Zeroizing::new(random_text()?);
    let row = ClientRow {
        // Azure's are GUIDs, and scripts check for it.
        id: old
            .as_ref()
            .map_or_else(|| uuid::Uuid::new_v4().to_string(), |old| old.id.clone()),
        created: old.as_ref().map_or_else(now, |old| old.created),
        name: old.map_or(new.name, |old| old.name),
        scope: new.scope.as_str().to_owned(),
        within: new.within.text(),
        secret: sha256_hex(secret.as_bytes()),
        expires: new.expires,
    };
    clients::revoke_tokens(conn, &row.id).await?;
    clients::put(conn, &row).await?;
    let mut reply = render(&row);
    reply["clientSecret"] = secret.as_str().into();
    Ok(reply)
}

/// A client as it is shown.
pub(crate) fn render(row: &ClientRow) -> Value {
    json!({
        "name": row.name,
        "clientId": row.id,
        "scope": row.scope,
        "within": row.within,
        "created": time_text(row.created),
        "expires": row.expires.map(time_text),
    })
}

/// Revokes one with the tokens it was given; false when there was none.
///
/// # Errors
/// `SL9001`.
pub(crate) async fn revoke(conn: &mut Conn, name: &str) -> Result<bool, Fault> {
    clients::delete(conn, name).await
}
