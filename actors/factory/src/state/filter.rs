//! Queries over runs, as clients ask them: a time range, filters, an order, a page.

use super::{Conn, Db};
use sluice_contract::Fault;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow, Sqlite};

/// How many rows a page has.
pub(crate) const PAGE: i64 = 100;

/// A query. Columns are names of this crate's own; values are bound.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// `updated` from here on, and before there.
    pub(crate) updated: (Option<i64>, Option<i64>),
    /// All of them must hold.
    pub(crate) conditions: Vec<Condition>,
    /// Column and whether descending.
    pub(crate) order: Vec<(&'static str, bool)>,
    /// Rows to leave out: those of earlier pages.
    pub(crate) offset: i64,
}

/// `column IN (values)`, or not.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) column: &'static str,
    pub(crate) negated: bool,
    pub(crate) values: Vec<Value>,
}

/// A value to compare with.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// Compared without regard to case.
    Text(String),
    Time(i64),
}

impl Filter {
    /// Runs a query that begins with `SELECT .. WHERE column = $1`; one row more than a page tells of a next one.
    pub(super) async fn fetch<T>(&self, conn: &mut Conn, select: &str, first: &str) -> Result<Vec<T>, Fault>
    where
        T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        let mut query = sqlx::query_as::<Sqlite, T>(AssertSqlSafe(self.sql(select))).bind(first.to_owned());
        for time in [self.updated.0, self.updated.1].into_iter().flatten() {
            query = query.bind(time);
        }
        for value in self.conditions.iter().flat_map(|condition| &condition.values) {
            query = match value {
                Value::Text(text) => query.bind(text.to_lowercase()),
                Value::Time(time) => query.bind(*time),
            };
        }
        query.bind(PAGE + 1).bind(self.offset).fetch_all(conn).await.db()
    }

    fn sql(&self, select: &str) -> String {
        let mut sql = select.to_owned();
        let mut parameter = 1;
        let mut next = || {
            parameter += 1;
            format!("${parameter}")
        };
        if self.updated.0.is_some() {
            sql += &format!(" AND updated >= {}", next());
        }
        if self.updated.1.is_some() {
            sql += &format!(" AND updated <= {}", next());
        }
        for condition in &self.conditions {
            let column = match condition.values.first() {
                Some(Value::Text(_)) => format!("LOWER({})", condition.column),
                _ => condition.column.to_owned(),
            };
            let values: Vec<String> = condition.values.iter().map(|_| next()).collect();
            let not = if condition.negated { "NOT " } else { "" };
            sql += &format!(" AND {column} {not}IN ({})", values.join(", "));
        }
        let order = self.order.iter().map(|(column, descending)| match descending {
            true => format!("{column} DESC"),
            false => (*column).to_owned(),
        });
        let order: Vec<String> = order.chain(["id".to_owned()]).collect();
        sql + &format!(" ORDER BY {} LIMIT {} OFFSET {}", order.join(", "), next(), next())
    }
}
