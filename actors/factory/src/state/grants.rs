//! What somebody with a secret may do: the columns that tokens and API clients have in common.

use super::DbRow;
use crate::wire::now;
use sqlx::{FromRow, Row};

/// What was granted to a token or a client.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) name: String,
    pub(crate) scope: String,
    /// The stored form of where it counts.
    pub(crate) within: String,
    pub(crate) created: i64,
    pub(crate) expires: Option<i64>,
}

impl Grant {
    /// Whether its time is over.
    pub(crate) fn has_expired(&self) -> bool {
        self.expires.is_some_and(|expires| expires <= now())
    }
}

impl FromRow<'_, DbRow> for Grant {
    fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            name: row.try_get("name")?,
            scope: row.try_get("scope")?,
            within: row.try_get("within")?,
            created: row.try_get("created")?,
            expires: row.try_get("expires")?,
        })
    }
}
