//! What a statement's columns are.

use crate::errors;
use crate::session::Session;
use crate::types::Carried;
use sluice_contract::{Code, Fault};
use tokio_postgres::types::Type;

/// A column of a table or of a query's result. Domains are seen as what they are made of.
#[derive(Clone, Debug)]
pub(crate) struct Described {
    pub(crate) name: String,
    pub(crate) ty: Type,
    /// As in the catalog: length, precision and scale; -1 for none.
    pub(crate) modifier: i32,
}

impl Described {
    /// How the column is carried.
    ///
    /// # Errors
    /// `SL6007`.
    pub(crate) fn carried(&self) -> Result<Carried, Fault> {
        Carried::of(&self.name, &self.ty, self.modifier)
    }
}

/// Has the server say what a query returns, without running it.
///
/// # Errors
/// `SL6010` when the query does not parse; other `SL60xx`.
pub(crate) async fn describe(session: &Session, doing: &str, query: &str) -> Result<Vec<Described>, Fault> {
    let statement = session
        .prepare(query)
        .await
        .map_err(|error| errors::fault(doing, &error))?;
    if !statement.params().is_empty() {
        let text = format!("{doing}: the query has parameters ($1), which have no values here");
        return Err(Fault::new(Code::QueryFailed, text));
    }
    let columns = statement.columns().iter().map(|column| Described {
        name: column.name().to_owned(),
        ty: column.type_().clone(),
        modifier: column.type_modifier(),
    });
    Ok(columns.collect())
}
