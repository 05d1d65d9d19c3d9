//! API tokens.

use super::{Scope, Within, expiry, replaces, taken};
use crate::state::tokens::{self, TokenRow};
use crate::state::{Conn, sessions};
use crate::wire::{now, random_text, time_text};
use serde_json::{Value, json};
use sluice_contract::document::check_name;
use sluice_contract::{Code, Fault, Object};
use zeroize::Zeroizing;

/// The name of the token in the file `admin.token`.
pub(crate) const ADMIN: &str = "admin";

/// A token that is to be made.
#[derive(Clone, Debug)]
pub(crate) struct NewToken {
    name: String,
    scope: Scope,
    within: Within,
    expires: Option<i64>,
    replace: bool,
}

impl NewToken {
    /// Reads `{"scope", "within"?, "expiresInDays"?, "replace"?}`.
    ///
    /// # Errors
    /// `SL4005`, `SL4012`.
    pub(crate) fn read(name: &str, body: &Object) -> Result<Self, Fault> {
        check_name(name)?;
        not_the_admins(name)?;
        Ok(Self {
            name: name.to_owned(),
            scope: Scope::of(body)?,
            within: Within::of(body)?,
            expires: expiry(body)?,
            replace: replaces(body),
        })
    }
}

/// Makes a token. Its text is shown once, here.
///
/// # Errors
/// `SL4054` when the name is taken.
pub(crate) async fn make(conn: &mut Conn, new: NewToken) -> Result<Value, Fault> {
    if !new.replace && tokens::by_name(conn, &new.name).await?.is_some() {
        return Err(taken("token", &new.name));
    }
    // A prefix by which people and scanners know what they have found.
    let token = Zeroizing::new(format!("sluice_{}", random_text()?));
    let row = TokenRow {
        name: new.name,
        scopes: new.scope.as_str().to_owned(),
        within: new.within.text(),
        created: now(),
        expires: new.expires,
    };
    tokens::replace(conn, &token, &row).await?;
    sessions::delete_of(conn, "token", &row.name).await?;
    let mut reply = render(&row);
    reply["token"] = token.as_str().into();
    Ok(reply)
}

/// A token as it is shown.
pub(crate) fn render(row: &TokenRow) -> Value {
    json!({
        "name": row.name,
        "scope": row.scopes,
        "within": row.within,
        "created": time_text(row.created),
        "expires": row.expires.map(time_text),
    })
}

/// Revokes one; false when there was none.
///
/// # Errors
/// `SL4005` for the administrator's.
pub(crate) async fn revoke(conn: &mut Conn, name: &str) -> Result<bool, Fault> {
    not_the_admins(name)?;
    sessions::delete_of(conn, "token", name).await?;
    tokens::delete(conn, name).await
}

fn not_the_admins(name: &str) -> Result<(), Fault> {
    if name.eq_ignore_ascii_case(ADMIN) {
        let what = "the token `admin` is the one in the file admin.token: remove the file and restart the factory, and \
                    there is a new one";
        return Err(Fault::new(Code::DocumentInvalid, what));
    }
    Ok(())
}
