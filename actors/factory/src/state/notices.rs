//! What processes on one database tell each other at once. PostgreSQL only: a SQLite file has one factory.

use super::{Db, State, StateOptions};
use sluice_contract::{Code, Fault};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use std::str::FromStr;

/// Nodes were removed.
const NODES: &str = "sluice_nodes";

/// How they are listened to; none where there are no others.
///
/// # Errors
/// `SL9010` for an address that is none.
pub(super) fn options(options: &StateOptions) -> Result<Option<PgConnectOptions>, Fault> {
    let StateOptions::Postgres(postgres) = options else {
        return Ok(None);
    };
    let parsed = PgConnectOptions::from_str(&postgres.url()?);
    let parsed =
        parsed.map_err(|error| Fault::new(Code::StateUnreachable, format!("{}: {error}", postgres.address)))?;
    Ok(Some(parsed.disable_statement_logging()))
}

/// Tells the other processes that nodes were removed, with what is committed already.
///
/// # Errors
/// `SL9001`.
pub(crate) async fn nodes_removed(state: &State) -> Result<(), Fault> {
    if !state.is_shared() {
        return Ok(());
    }
    let mut conn = state.read().await?;
    sqlx::query("SELECT CAST(pg_notify($1, '') AS TEXT)")
        .bind(NODES)
        .execute(&mut *conn)
        .await
        .db()?;
    Ok(())
}

/// Hears that others removed nodes.
pub(crate) struct Notices(PgListener);

impl Notices {
    /// Listens, over a connection of its own; none where there are no others.
    ///
    /// # Errors
    /// `SL9001`.
    pub(crate) async fn listen(state: &State) -> Result<Option<Self>, Fault> {
        let Some(options) = &state.notices else { return Ok(None) };
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .connect_lazy_with(options.as_ref().clone());
        let mut listener = PgListener::connect_with(&pool).await.db()?;
        listener.listen(NODES).await.db()?;
        Ok(Some(Self(listener)))
    }

    /// The next word; also when the connection broke, for then something may have gone unheard.
    ///
    /// # Errors
    /// `SL9001`.
    pub(crate) async fn next(&mut self) -> Result<(), Fault> {
        self.0.try_recv().await.db().map(drop)
    }
}
