//! API tokens.

use super::grant::{NewGrant, render};
use super::taken;
use crate::state::{Conn, sessions, tokens};
use crate::wire::random_text;
use serde_json::Value;
use sluice_contract::{Code, Fault, Object};
use zeroize::Zeroizing;

/// The name of the token in the file `admin.token`.
pub(crate) const ADMIN: &str = "admin";

/// Reads what is asked for one.
///
/// # Errors
/// `SL4005`, `SL4012`.
pub(crate) fn read(name: &str, body: &Object) -> Result<NewGrant, Fault> {
    not_the_admins(name)?;
    NewGrant::read(name, body)
}

/// Makes a token. Its text is shown once, here.
///
/// # Errors
/// `SL4054` when the name is taken.
pub(crate) async fn make(conn: &mut Conn, new: NewGrant) -> Result<Value, Fault> {
    if !new.replace && tokens::by_name(conn, &new.name).await?.is_some() {
        return Err(taken("token", &new.name));
    }
    // A prefix by which people and scanners know what they have found.
    let token = Zeroizing::new(format!("sluice_{}", random_text()?));
    let grant = new.grant();
    tokens::replace(conn, &token, &grant).await?;
    sessions::delete_of(conn, "token", &grant.name).await?;
    let mut reply = render(&grant);
    reply["token"] = token.as_str().into();
    Ok(reply)
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
