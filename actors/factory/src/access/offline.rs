//! Users, tokens and clients without a running factory: whoever may write its state directory may say who may do what.

use super::{NewGrant, NewUser, client, grant, token, user};
use crate::state::audit::{self, Entry, Search};
use crate::state::{State, StateOptions, clients, tokens, users};
use crate::wire::parse_time;
use serde_json::{Value, json};
use sluice_contract::{Code, Fault, Object};
use std::path::Path;

/// The access lists of a state directory.
pub struct Access(pub(super) State);

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}

impl Access {
    /// Opens the state of a factory, which may be running.
    ///
    /// # Errors
    /// `SL1003` when there is no factory's state, `SL9001`.
    pub async fn open(dir: &Path, state: &StateOptions) -> Result<Self, Fault> {
        if matches!(state, StateOptions::Directory) && !dir.join("factory.db").exists() {
            let what = format!("{}: there is no factory.db in it", dir.display());
            return Err(Fault::new(Code::FileUnreadable, what));
        }
        State::open(dir, state, None).await.map(Self)
    }

    /// Makes what `kind` (`tokens`, `clients`, `users`) says; the reply is the one of REST.
    ///
    /// # Errors
    /// As REST's.
    pub async fn put(&self, kind: &str, name: &str, mut body: Object) -> Result<Value, Fault> {
        let work = async {
            let reply = match kind {
                "tokens" => {
                    let new = token::read(name, &body)?;
                    let mut tx = self.0.write().await?;
                    let reply = token::make(&mut tx, new).await?;
                    tx.commit().await?;
                    reply
                }
                "clients" => {
                    let new = NewGrant::read(name, &body)?;
                    let mut tx = self.0.write().await?;
                    let reply = client::make(&mut tx, new).await?;
                    tx.commit().await?;
                    reply
                }
                _ => {
                    let new = NewUser::read(name, &mut body).await?;
                    let mut tx = self.0.write().await?;
                    let reply = user::make(&mut tx, new).await?;
                    tx.commit().await?;
                    reply
                }
            };
            Ok(reply)
        };
        audit::during(entry("Put", kind, name), work).await
    }

    /// All of a kind, as REST lists them.
    ///
    /// # Errors
    /// `SL9001`.
    pub async fn list(&self, kind: &str) -> Result<Value, Fault> {
        let mut conn = self.0.read().await?;
        let items: Vec<Value> = match kind {
            "tokens" => tokens::list(&mut conn).await?.iter().map(grant::render).collect(),
            "clients" => clients::list(&mut conn).await?.iter().map(client::render).collect(),
            _ => users::list(&mut conn).await?.iter().map(user::render).collect(),
        };
        Ok(json!({ "value": items }))
    }

    /// Revokes one; false when there was none.
    ///
    /// # Errors
    /// As REST's.
    pub async fn revoke(&self, kind: &str, name: &str) -> Result<bool, Fault> {
        let work = async {
            let mut tx = self.0.write().await?;
            let existed = match kind {
                "tokens" => token::revoke(&mut tx, name).await?,
                "clients" => client::revoke(&mut tx, name).await?,
                _ => user::revoke(&mut tx, name).await?,
            };
            if existed {
                tx.commit().await?;
            }
            Ok(existed)
        };
        audit::during(entry("Delete", kind, name), work).await
    }

    /// The audit log's newest entries that fit.
    ///
    /// # Errors
    /// `SL4005` for a time that is none.
    pub async fn audit(&self, actor: &str, text: &str, after: &str) -> Result<Value, Fault> {
        let after = (!after.is_empty()).then(|| parse_time("after", after)).transpose()?;
        let wanted = Search {
            actor: actor.to_owned(),
            text: text.to_owned(),
            after,
            ..Search::default()
        };
        let mut rows = audit::search(&mut *self.0.read().await?, &wanted).await?;
        rows.truncate(usize::try_from(audit::PAGE).unwrap_or(100));
        let items: Vec<Value> = rows.iter().map(audit::render).collect();
        Ok(json!({ "value": items }))
    }
}

/// Who did it is whoever may run programs on this machine as this user.
fn entry(what: &str, kind: &str, name: &str) -> Entry {
    let noun = match kind {
        "tokens" => "Token",
        "clients" => "Client",
        _ => "User",
    };
    Entry {
        kind: "system".to_owned(),
        actor: std::env::var("USER").unwrap_or_default(),
        address: "local".to_owned(),
        operation: format!("{noun}{what}"),
        target: format!("/access/v1/{kind}/{name}"),
        ..Entry::default()
    }
}
