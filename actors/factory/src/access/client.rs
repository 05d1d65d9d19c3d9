//! API clients: programs that log in with a client id and a secret, as Azure's libraries do.

use super::grant::{self, NewGrant};
use super::taken;
use crate::state::Conn;
use crate::state::clients::{self, ClientRow};
use crate::wire::{random_text, sha256_hex};
use serde_json::Value;
use sluice_contract::Fault;
use zeroize::Zeroizing;

/// Makes a client, or gives one a new secret. The secret is shown once, here.
///
/// # Errors
/// `SL4054` when the name is taken and is not to be replaced.
pub(crate) async fn make(conn: &mut Conn, new: NewGrant) -> Result<Value, Fault> {
    let old = clients::by_name(conn, &new.name).await?;
    if old.is_some() && !new.replace {
        return Err(taken("client", &new.name));
    }
    let secret = Zeroizing::new(random_text()?);
    let mut row = ClientRow {
        // Azure's are GUIDs, and scripts check for it.
        id: uuid::Uuid::new_v4().to_string(),
        secret: sha256_hex(secret.as_bytes()),
        grant: new.grant(),
    };
    if let Some(old) = old {
        row.id = old.id;
        row.grant.name = old.grant.name;
        row.grant.created = old.grant.created;
    }
    clients::revoke_tokens(conn, &row.id).await?;
    clients::put(conn, &row).await?;
    let mut reply = render(&row);
    reply["clientSecret"] = secret.as_str().into();
    Ok(reply)
}

/// A client as it is shown.
pub(crate) fn render(row: &ClientRow) -> Value {
    let mut shown = grant::render(&row.grant);
    shown["clientId"] = row.id.as_str().into();
    shown
}

/// Revokes one with the tokens it was given; false when there was none.
///
/// # Errors
/// `SL9001`.
pub(crate) async fn revoke(conn: &mut Conn, name: &str) -> Result<bool, Fault> {
    clients::delete(conn, name).await
}
