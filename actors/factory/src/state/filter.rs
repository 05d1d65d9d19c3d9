//! Queries over runs, as clients ask them: a time range, filters, an order, a page.

use super::{Conn, Database, Db, DbRow};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use serde::{Deserialize, Serialize};
use sluice_contract::Fault;
use sqlx::{AssertSqlSafe, FromRow};

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
    /// What the last row of the page before has in the columns of the order and in those that decide between equals; empty
    /// for the first page.
    pub(crate) behind: Vec<Value>,
    /// Rows to leave out: those of earlier pages, where the order has no such place to go on from.
    pub(crate) offset: i64,
}

/// A row that tells what it has in a column.
pub(crate) trait Columns {
    /// A column of an order.
    fn column(&self, name: &str) -> Option<Value>;
}

/// `column IN (values)`, or not.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) column: &'static str,
    pub(crate) negated: bool,
    pub(crate) values: Vec<Value>,
}

/// A value to compare with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Value {
    /// Compared without regard to case.
    Text(String),
    /// A time, or another number.
    Time(i64),
}

/// Columns of ids, which are written in one way only. Other texts compare, and are put in order, by their lower case.
const IDS: &[&str] = &["id", "run_group"];
/// Columns of times and other numbers.
const TIMES: &[&str] = &["started", "ended", "updated", "is_latest"];

/// A column as it is compared; there are indexes on these expressions.
fn key(column: &str) -> String {
    if column == "ended" {
        // What has not ended comes behind all that has.
        return format!("COALESCE(ended, {})", i64::MAX);
    }
    match IDS.contains(&column) || TIMES.contains(&column) {
        true => column.to_owned(),
        false => format!("LOWER({column})"),
    }
}

impl Filter {
    /// Runs a query that begins with `SELECT .. WHERE column = $1`; one row more than a page tells of a next one.
    pub(super) async fn fetch<T>(&self, conn: &mut Conn, select: &str, first: &str) -> Result<Vec<T>, Fault>
    where
        T: for<'r> FromRow<'r, DbRow> + Send + Unpin,
    {
        let mut query = sqlx::query_as::<Database, T>(AssertSqlSafe(self.sql(select))).bind(first.to_owned());
        for time in [self.updated.0, self.updated.1].into_iter().flatten() {
            query = query.bind(time);
        }
        for value in self.conditions.iter().flat_map(|condition| &condition.values) {
            query = match value {
                Value::Text(text) => query.bind(text.to_lowercase()),
                Value::Time(time) => query.bind(*time),
            };
        }
        for value in &self.behind {
            query = match value {
                Value::Text(text) => query.bind(text.clone()),
                Value::Time(time) => query.bind(*time),
            };
        }
        query.bind(PAGE + 1).bind(self.offset).fetch_all(conn).await.db()
    }

    /// The columns of the order with those that decide between equals, and whether each descends.
    fn whole_order(&self) -> Vec<(&'static str, bool)> {
        let mut order = self.order.clone();
        let down = order.last().is_some_and(|(_, down)| *down);
        for tie in ["started", "id"] {
            if !order.iter().any(|(column, _)| *column == tie) {
                order.push((tie, down));
            }
        }
        order
    }

    /// Whether a page can begin behind the values of a row: when all columns go the same way.
    fn has_places(&self) -> bool {
        let order = self.whole_order();
        order.iter().all(|(_, down)| *down == order[0].1)
    }

    /// What a client sends for the page behind this row.
    pub(crate) fn next_page(&self, last: &impl Columns) -> String {
        let place: Option<Vec<Value>> = match self.has_places() {
            true => self
                .whole_order()
                .iter()
                .map(|(column, _)| last.column(column))
                .collect(),
            false => None,
        };
        match place.and_then(|place| serde_json::to_vec(&place).ok()) {
            Some(place) => format!("behind:{}", BASE64_URL_SAFE_NO_PAD.encode(place)),
            None => format!("offset:{}", self.offset + PAGE),
        }
    }

    /// Goes on where such a text says; false when it is none of this query's.
    pub(crate) fn go_on(&mut self, token: &str) -> bool {
        if let Some(offset) = token.strip_prefix("offset:") {
            self.offset = offset.parse().unwrap_or(-1);
            return self.offset >= 0;
        }
        let place = token
            .strip_prefix("behind:")
            .and_then(|place| BASE64_URL_SAFE_NO_PAD.decode(place).ok())
            .and_then(|place| serde_json::from_slice::<Vec<Value>>(&place).ok());
        let order = self.whole_order();
        let fits = |place: &Vec<Value>| {
            let is_number = |value: &Value| matches!(value, Value::Time(_));
            let same = |((column, _), value): (&(&str, bool), &Value)| TIMES.contains(column) == is_number(value);
            place.len() == order.len() && order.iter().zip(place).all(same)
        };
        match place.filter(|place| self.has_places() && fits(place)) {
            Some(place) => {
                self.behind = place;
                true
            }
            None => false,
        }
    }

    /// The SQL. It is written so that a database walks the index of the order, and stops when a page is full: sorting all
    /// that fits would read it all.
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
        let by_start = self.order.first().is_none_or(|(column, _)| *column == "started");
        for condition in &self.conditions {
            let mut column = key(condition.column);
            // One value of one column is a part of an index that is in the order of starts. What is no such part must not
            // lead the database to an index that is in no order.
            let leads = by_start && !condition.negated && condition.values.len() == 1;
            if !leads && matches!(condition.values.first(), Some(Value::Text(_))) {
                column = format!("{column} || ''");
            }
            let values: Vec<String> = condition.values.iter().map(|_| next()).collect();
            let not = if condition.negated { "NOT " } else { "" };
            sql += &format!(" AND {column} {not}IN ({})", values.join(", "));
        }
        let order = self.whole_order();
        if !self.behind.is_empty() {
            let columns: Vec<String> = order.iter().map(|(column, _)| key(column)).collect();
            let values: Vec<String> = order.iter().map(|_| next()).collect();
            let way = if order[0].1 { "<" } else { ">" };
            sql += &format!(" AND ({}) {way} ({})", columns.join(", "), values.join(", "));
        }
        let order: Vec<String> = order
            .iter()
            .map(|(column, down)| format!("{}{}", key(column), if *down { " DESC" } else { "" }))
            .collect();
        sql + &format!(" ORDER BY {} LIMIT {} OFFSET {}", order.join(", "), next(), next())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{State, StateOptions, WriteTx};
    use super::*;
    use crate::state::documents::{self, DocumentKind};

    /// What SQLite is going to do: one step a row.
    struct Step(String);

    impl FromRow<'_, DbRow> for Step {
        fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
            sqlx::Row::try_get(row, "detail").map(Step)
        }
    }

    async fn seeded() -> (tempfile::TempDir, State) {
        let dir = tempfile::tempdir().unwrap();
        let state = State::open(dir.path(), &StateOptions::Directory, None).await.unwrap();
        let mut tx: WriteTx = state.write().await.unwrap();
        sqlx::query(
            "INSERT INTO factories (id, subscription, subscription_key, resource_group, group_key, name, name_key, body, \
             etag, created) VALUES ('f', 's', 's', 'g', 'g', 'n', 'n', '{}', 'e', 0)",
        )
        .execute(&mut *tx)
        .await
        .unwrap();
        for i in 0..500_i64 {
            let (pipeline, status) = (
                format!("P{}", i % 7),
                ["Succeeded", "Failed", "InProgress"][i as usize % 3],
            );
            sqlx::query(
                "INSERT INTO runs (id, factory, pipeline, body, parameters, status, message, cancel, started, ended, \
                 updated, invoked_id) VALUES ($1, 'f', $2, '{}', '{}', $3, '', 0, $4, $5, $5, '')",
            )
            .bind(format!("r{i:04}"))
            .bind(pipeline)
            .bind(status)
            .bind(i * 10)
            .bind(i * 10 + 5)
            .execute(&mut *tx)
            .await
            .unwrap();
        }
        tx.commit().await.unwrap();
        (dir, state)
    }

    fn one_of(column: &'static str, values: &[&str], negated: bool) -> Condition {
        let values = values.iter().map(|text| Value::Text((*text).to_owned())).collect();
        Condition {
            column,
            negated,
            values,
        }
    }

    fn filters() -> Vec<Filter> {
        let conditions = [
            vec![],
            vec![one_of("pipeline", &["p3"], false)],
            vec![one_of("status", &["failed"], false)],
            vec![one_of("pipeline", &["P3"], false), one_of("status", &["Failed"], false)],
            vec![one_of("status", &["Failed", "InProgress"], false)],
            vec![
                one_of("status", &["Succeeded"], true),
                one_of("pipeline", &["P1", "P2"], false),
            ],
        ];
        let orders: [Vec<(&'static str, bool)>; 6] = [
            vec![("started", false)],
            vec![("started", true)],
            vec![("ended", true)],
            vec![("ended", false)],
            vec![("pipeline", false)],
            vec![("status", true)],
        ];
        let mut all = Vec::new();
        for conditions in conditions {
            for order in &orders {
                for updated in [(None, None), (Some(2000), Some(9000))] {
                    let (conditions, order) = (conditions.clone(), order.clone());
                    all.push(Filter {
                        updated,
                        conditions,
                        order,
                        behind: Vec::new(),
                        offset: 0,
                    });
                }
            }
        }
        all
    }

    #[tokio::test]
    async fn queries_walk_an_index_and_sort_nothing() {
        let (_dir, state) = seeded().await;
        let mut conn = state.read().await.unwrap();
        let row = Run("r0200".to_owned(), "P4".to_owned(), "Failed".to_owned(), 2000, 2005);
        let behind = filters().into_iter().map(|mut filter| {
            let token = filter.next_page(&row);
            assert!(filter.go_on(&token));
            filter
        });
        for filter in filters().into_iter().chain(behind) {
            let select = "EXPLAIN QUERY PLAN SELECT * FROM runs WHERE factory = $1";
            let steps: Vec<Step> = filter.fetch(&mut conn, select, "f").await.unwrap();
            let plan: Vec<&str> = steps.iter().map(|step| step.0.as_str()).collect();
            assert_eq!(plan.len(), 1, "{filter:?}: {plan:?}");
            assert!(
                plan[0].starts_with("SEARCH runs USING INDEX runs_"),
                "{filter:?}: {plan:?}"
            );
        }
        let filter = Filter {
            order: vec![("started", false)],
            ..Filter::default()
        };
        let select = "EXPLAIN QUERY PLAN SELECT * FROM activity_runs WHERE run = $1";
        let steps: Vec<Step> = filter.fetch(&mut conn, select, "r").await.unwrap();
        assert!(
            steps.len() == 1 && steps[0].0.contains("activity_runs_in_order"),
            "{}",
            steps[0].0
        );
        // The lists of documents, of which there may be thousands.
        let select = "EXPLAIN QUERY PLAN SELECT name FROM documents WHERE factory = 'f' AND kind = 'pipelines' \
                      AND name_key > 'a' ORDER BY name_key LIMIT 101";
        let steps: Vec<Step> = sqlx::query_as(select).fetch_all(&mut *conn).await.unwrap();
        assert!(
            steps.len() == 1 && steps[0].0.starts_with("SEARCH documents USING INDEX"),
            "{}",
            steps[0].0
        );
        let select = "EXPLAIN QUERY PLAN SELECT * FROM runs ORDER BY started DESC, id DESC LIMIT 25";
        let steps: Vec<Step> = sqlx::query_as(select).fetch_all(&mut *conn).await.unwrap();
        assert!(
            steps.len() == 1 && steps[0].0.ends_with("runs_latest"),
            "{}",
            steps[0].0
        );
        assert!(
            documents::list(&mut conn, "f", DocumentKind::Pipeline, "", 5)
                .await
                .unwrap()
                .is_empty()
        );
    }

    /// One run's members that matter here.
    #[derive(Clone, Debug, PartialEq)]
    struct Run(String, String, String, i64, i64);

    impl FromRow<'_, DbRow> for Run {
        fn from_row(row: &DbRow) -> Result<Self, sqlx::Error> {
            use sqlx::Row;
            Ok(Run(
                row.try_get("id")?,
                row.try_get("pipeline")?,
                row.try_get("status")?,
                row.try_get("started")?,
                row.try_get("ended")?,
            ))
        }
    }

    impl Columns for Run {
        fn column(&self, name: &str) -> Option<Value> {
            match name {
                "id" => Some(Value::Text(self.0.clone())),
                "pipeline" => Some(Value::Text(self.1.to_lowercase())),
                "status" => Some(Value::Text(self.2.to_lowercase())),
                "started" => Some(Value::Time(self.3)),
                "ended" => Some(Value::Time(self.4)),
                _ => None,
            }
        }
    }

    #[test]
    fn a_place_of_another_query_is_refused() {
        let by = |column: &'static str, down: bool| Filter {
            order: vec![(column, down)],
            ..Filter::default()
        };
        let row = Run("r1".to_owned(), "P".to_owned(), "Failed".to_owned(), 7, 8);
        let token = by("started", true).next_page(&row);
        assert!(by("started", false).go_on(&token));
        assert!(!by("pipeline", true).go_on(&token) && !by("ended", true).go_on(&token));
        let mixed = Filter {
            order: vec![("ended", true), ("started", false)],
            ..Filter::default()
        };
        assert_eq!(mixed.next_page(&row), "offset:100");
        for token in [
            "",
            "offset:-1",
            "offset:x",
            "behind:",
            "behind:!",
            "behind:WzFd",
            "other",
        ] {
            assert!(!by("started", true).go_on(token), "{token}");
        }
    }

    #[tokio::test]
    async fn pages_together_are_what_was_asked_for() {
        let (_dir, state) = seeded().await;
        let mut conn = state.read().await.unwrap();
        let every: Vec<Run> = sqlx::query_as("SELECT * FROM runs")
            .fetch_all(&mut *conn)
            .await
            .unwrap();
        for mut filter in filters() {
            let mut found: Vec<Run> = Vec::new();
            loop {
                let select = "SELECT * FROM runs WHERE factory = $1";
                let mut page: Vec<Run> = filter.fetch(&mut conn, select, "f").await.unwrap();
                let more = page.len() > PAGE as usize;
                page.truncate(PAGE as usize);
                let next = page.last().map(|last| filter.next_page(last));
                found.append(&mut page);
                if !more {
                    break;
                }
                assert!(filter.go_on(&next.unwrap()), "{filter:?}");
            }
            let fits = |run: &Run| {
                let value = |column: &str| {
                    if column == "pipeline" {
                        run.1.to_lowercase()
                    } else {
                        run.2.to_lowercase()
                    }
                };
                let in_time =
                    filter.updated.0.is_none_or(|from| run.4 >= from) && filter.updated.1.is_none_or(|to| run.4 <= to);
                in_time
                    && filter.conditions.iter().all(|condition| {
                        let of = value(condition.column);
                        let found = condition
                            .values
                            .iter()
                            .any(|v| matches!(v, Value::Text(t) if t.to_lowercase() == of));
                        found != condition.negated
                    })
            };
            let mut wanted: Vec<Run> = every.iter().filter(|run| fits(run)).cloned().collect();
            let (column, down) = filter.order[0];
            wanted.sort_by(|a, b| {
                let by = match column {
                    "pipeline" => a.1.to_lowercase().cmp(&b.1.to_lowercase()),
                    "status" => a.2.to_lowercase().cmp(&b.2.to_lowercase()),
                    "ended" => a.4.cmp(&b.4),
                    _ => a.3.cmp(&b.3),
                };
                let by = by.then(a.3.cmp(&b.3)).then(a.0.cmp(&b.0));
                if down { by.reverse() } else { by }
            });
            assert_eq!(found, wanted, "{filter:?}");
        }
    }
}
