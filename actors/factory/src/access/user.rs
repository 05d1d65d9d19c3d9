//! Users of the console.

use super::{Scope, password};
use crate::state::users::{self, UserRow};
use crate::state::{Conn, sessions};
use crate::wire::{now, time_text};
use serde_json::{Value, json};
use sluice_contract::document::{check_name, member};
use sluice_contract::{Code, Fault, Object};
use zeroize::Zeroizing;

/// A user that is to be made or changed.
pub(crate) struct NewUser {
    name: String,
    scope: Option<Scope>,
    /// PHC string.
    password: Option<String>,
}

impl NewUser {
    /// Reads `{"scope"?, "password"?}`; a new user needs both. The password is hashed here, before anybody's turn to write.
    ///
    /// # Errors
    /// `SL4005`, `SL4012`, `SL4053`.
    pub(crate) async fn read(name: &str, body: &mut Object) -> Result<Self, Fault> {
        check_name(name)?;
        let password = match body.shift_remove("password") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(password::hash(Zeroizing::new(text)).await?),
            Some(_) => return Err(Fault::new(Code::DocumentInvalid, "`password` is not a string")),
        };
        Ok(Self {
            name: name.to_owned(),
            scope: member(body, "scope").map(|_| Scope::of(body)).transpose()?,
            password,
        })
    }
}

/// Makes or changes a user. Whoever is logged in as one whose password changes is logged out.
///
/// # Errors
/// `SL4005` when a new user lacks a scope or a password.
pub(crate) async fn make(conn: &mut Conn, new: NewUser) -> Result<Value, Fault> {
    let old = users::find(conn, &new.name).await?;
    let missing = |what: &str| Fault::new(Code::DocumentInvalid, format!("a new user needs a `{what}`"));
    let changed = new.password.is_some();
    let row = UserRow {
        scope: match (new.scope, &old) {
            (Some(scope), _) => scope.as_str().to_owned(),
            (None, Some(old)) => old.scope.clone(),
            (None, None) => return Err(missing("scope")),
        },
        password: match (new.password, &old) {
            (Some(password), _) => password,
            (None, Some(old)) => old.password.clone(),
            (None, None) => return Err(missing("password")),
        },
        created: old.as_ref().map_or_else(now, |old| old.created),
        name: old.map_or(new.name, |old| old.name),
    };
    users::put(conn, &row).await?;
    if changed {
        sessions::delete_of(conn, "user", &row.name).await?;
    }
    Ok(render(&row))
}

/// A user as it is shown.
pub(crate) fn render(row: &UserRow) -> Value {
    json!({ "name": row.name, "scope": row.scope, "created": time_text(row.created) })
}

/// Deletes one, who is logged out; false when there was none.
///
/// # Errors
/// `SL9001`.
pub(crate) async fn revoke(conn: &mut Conn, name: &str) -> Result<bool, Fault> {
    if let Some(user) = users::find(conn, name).await? {
        sessions::delete_of(conn, "user", &user.name).await?;
    }
    users::delete(conn, name).await
}
