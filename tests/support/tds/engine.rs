//! Statements at work on SQLite, for one session.

use super::Shared;
use super::ddl::{self, internal};
use super::encode;
use super::lexer::{self, Word};
use super::tokens::{self, Column, SqlError, Turn};
use super::translate::{self, Names};
use super::types::SqlType;
use super::wire::Wire;
use rusqlite::Connection;
use rusqlite::types::Value;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Values of `@name`s, in lower case.
pub(super) type Params = HashMap<String, Value>;

/// Why a batch ended early.
pub(super) enum Stop {
    /// The connection is of no use any more.
    Io(io::Error),
    /// The client has asked for it.
    Attention,
    /// The server says no.
    Sql(SqlError),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<SqlError> for Stop {
    fn from(error: SqlError) -> Self {
        Self::Sql(error)
    }
}

/// One session's database.
pub(super) struct Engine {
    pub(super) db: Connection,
    pub(super) shared: Arc<Shared>,
    /// The open transaction's descriptor.
    pub(super) transaction: Option<u64>,
    identity_insert: Option<String>,
    snapshot: bool,
    xact_abort: bool,
    format_only: bool,
}

impl Engine {
    pub(super) fn open(shared: Arc<Shared>) -> Result<Self, SqlError> {
        let db = super::functions::open(&shared).map_err(internal)?;
        Ok(Self {
            db,
            shared,
            transaction: None,
            identity_insert: None,
            snapshot: false,
            xact_abort: false,
            format_only: false,
        })
    }

    /// Runs a batch; what it says goes out, each statement's end as a token of this kind.
    pub(super) fn batch(&mut self, wire: &mut Wire, sql: &str, params: &Params, kind: u8) -> Result<(), Stop> {
        self.shared.log.lock().unwrap().push(sql.to_owned());
        if let Some(error) = self.shared.injected(sql) {
            return Err(self.failed(wire, error)?.into());
        }
        let statements = lexer::statements(lexer::words(sql)?);
        let count = statements.len();
        for (index, words) in statements.iter().enumerate() {
            let more = index + 1 < count || kind != tokens::DONE;
            match self.statement(wire, words, params, kind) {
                Ok(rows) => {
                    let mut out = Vec::new();
                    tokens::done(&mut out, kind, rows, more, false);
                    wire.put(&out)?;
                }
                Err(Stop::Sql(error)) => return Err(self.failed(wire, error)?.into()),
                Err(other) => return Err(other),
            }
        }
        if count == 0 {
            let mut out = Vec::new();
            tokens::done(&mut out, kind, None, kind != tokens::DONE, false);
            wire.put(&out)?;
        }
        Ok(())
    }

    /// What an error does to the transaction.
    fn failed(&mut self, wire: &mut Wire, error: SqlError) -> io::Result<SqlError> {
        if self.transaction.is_some() && (self.xact_abort || error.number == 1205) {
            self.turn(wire, Turn::RolledBack)?;
        }
        Ok(error)
    }

    /// Begins, commits or rolls back, and says so.
    pub(super) fn turn(&mut self, wire: &mut Wire, turn: Turn) -> io::Result<()> {
        let statement = match turn {
            // A writer that begins waits for others as it would for their locks.
            Turn::Begun if self.snapshot => "BEGIN",
            Turn::Begun => "BEGIN IMMEDIATE",
            Turn::Committed => "COMMIT",
            Turn::RolledBack => "ROLLBACK",
        };
        self.db.execute_batch(statement).map_err(io::Error::other)?;
        let descriptor = match (turn, self.transaction) {
            (Turn::Begun, _) => {
                let fresh = self.shared.transactions.fetch_add(1, Ordering::Relaxed) + 1;
                self.transaction = Some(fresh);
                fresh
            }
            (_, open) => {
                self.transaction = None;
                open.unwrap_or(0)
            }
        };
        let mut out = Vec::new();
        tokens::env_transaction(&mut out, turn, descriptor);
        wire.put(&out)
    }

    fn statement(&mut self, wire: &mut Wire, words: &[Word], params: &Params, kind: u8) -> Result<Option<u64>, Stop> {
        let is = |at: usize, text: &str| words.get(at).is_some_and(|word| word.is(text));
        let rest = |from: usize| words.get(from..).unwrap_or_default();
        if is(0, "SET") {
            self.set(rest(1))?;
            return Ok(None);
        }
        if is(0, "BEGIN") && (is(1, "TRANSACTION") || is(1, "TRAN")) {
            self.turn(wire, Turn::Begun)?;
            return Ok(None);
        }
        if is(0, "COMMIT") || is(0, "ROLLBACK") {
            if self.transaction.is_none() {
                let text = "The COMMIT or ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.";
                return Err(SqlError::new(3902, 16, text).into());
            }
            self.turn(
                wire,
                if is(0, "COMMIT") {
                    Turn::Committed
                } else {
                    Turn::RolledBack
                },
            )?;
            return Ok(None);
        }
        if is(0, "WAITFOR") {
            return self.wait(wire, rest(2)).map(|()| None);
        }
        if is(0, "USE") || is(0, "PRINT") {
            return Ok(None);
        }
        if is(0, "EXEC") || is(0, "EXECUTE") {
            return self.exec(wire, rest(1), params, kind);
        }
        let schemas = self.schemas()?;
        let translated = translate::statement(
            words,
            &Names {
                schemas: &schemas,
                database: &self.shared.options.database,
                open: self.transaction.is_some(),
            },
        );
        let first = || translated.tables.first().cloned().unwrap_or_default();
        if is(0, "CREATE") && is(1, "SCHEMA") {
            let name = words.get(2).and_then(Word::name).unwrap_or_default();
            self.db
                .execute("INSERT INTO \"sys.schemas\" (name) VALUES (?1)", [name])
                .map_err(internal)?;
            return Ok(None);
        }
        if is(0, "CREATE") && is(1, "TABLE") {
            let open = words.iter().position(|word| word.is("(")).unwrap_or(words.len());
            ddl::create_table(&self.db, &first(), &words[open..])?;
            return Ok(None);
        }
        if is(0, "DROP") && is(1, "TABLE") {
            ddl::drop_table(&self.db, &first(), is(2, "IF"))?;
            return Ok(None);
        }
        if self.snapshot && !self.shared.options.snapshot && !translated.tables.is_empty() {
            let text = "Snapshot isolation transaction failed accessing database because snapshot isolation is not allowed in this database.";
            return Err(SqlError::new(3952, 16, text).into());
        }
        let sql = match is(0, "TRUNCATE") {
            true => format!("DELETE FROM \"{}\"", first()),
            false => translated.sql.clone(),
        };
        if is(0, "INSERT") {
            self.identity(words, &first())?;
        }
        if translated.tables.iter().any(|table| table == "sys.partitions") {
            super::functions::count_partitions(&self.db).map_err(internal)?;
        }
        self.run(wire, &sql, &translated, params)
    }

    /// Runs a statement on SQLite, and sends what it returns.
    fn run(
        &mut self,
        wire: &mut Wire,
        sql: &str,
        translated: &translate::Translated,
        params: &Params,
    ) -> Result<Option<u64>, Stop> {
        let error = |error: rusqlite::Error| server_error(&error, sql);
        let shared = Arc::clone(&self.shared);
        let mut statement = self.db.prepare(sql).map_err(error)?;
        bind(&mut statement, params)?;
        if statement.column_count() == 0 {
            let changed = statement.raw_execute().map_err(error)?;
            return Ok(Some(changed as u64));
        }
        let names: Vec<String> = statement.column_names().iter().map(|name| (*name).to_owned()).collect();
        let declared: Vec<Option<SqlType>> = statement
            .columns()
            .iter()
            .map(|column| column.decl_type().and_then(SqlType::of_declaration))
            .collect();
        let width = names.len();
        let mut rows = statement.raw_query();
        let mut first: Option<Vec<Value>> = None;
        if let Some(row) = rows.next().map_err(error)? {
            first = Some(
                (0..width)
                    .map(|at| row.get(at))
                    .collect::<Result<_, _>>()
                    .map_err(error)?,
            );
        }
        let columns = super::describe::columns(&self.db, &names, &declared, translated, first.as_deref());
        let mut out = Vec::new();
        tokens::columns(&mut out, &columns);
        if self.format_only {
            wire.put(&out)?;
            return Ok(Some(0));
        }
        let mut sent = 0;
        while let Some(values) = first.take() {
            row(&mut out, &columns, &values, sent).map_err(|text| SqlError::new(8114, 16, text))?;
            sent += 1;
            if out.len() > 8192 {
                wire.put(&out)?;
                out.clear();
                if shared.options.slow_rows {
                    std::thread::sleep(Duration::from_millis(20));
                }
                if wire.interrupted()? {
                    return Err(Stop::Attention);
                }
            }
            if let Some(row) = rows.next().map_err(error)? {
                first = Some(
                    (0..width)
                        .map(|at| row.get(at))
                        .collect::<Result<_, _>>()
                        .map_err(error)?,
                );
            }
        }
        wire.put(&out)?;
        Ok(Some(sent))
    }

    fn set(&mut self, words: &[Word]) -> Result<(), SqlError> {
        let is = |at: usize, text: &str| words.get(at).is_some_and(|word| word.is(text));
        let on = words.last().is_some_and(|word| word.is("ON"));
        if is(0, "TRANSACTION") {
            self.snapshot = is(3, "SNAPSHOT");
        } else if is(0, "XACT_ABORT") {
            self.xact_abort = on;
        } else if is(0, "FMTONLY") {
            self.format_only = on;
        } else if is(0, "IDENTITY_INSERT") {
            let names: Vec<&str> = words[1..]
                .iter()
                .filter_map(Word::name)
                .filter(|name| *name != "ON" && *name != "OFF")
                .collect();
            let name = match names[..] {
                [schema, table, ..] => format!("{}.{table}", schema.to_ascii_lowercase()),
                [table] => format!("dbo.{table}"),
                [] => String::new(),
            };
            self.identity_insert = on.then_some(name);
        }
        Ok(())
    }

    /// Whether an identity column may be, or has to be, in an INSERT.
    fn identity(&self, words: &[Word], table: &str) -> Result<(), SqlError> {
        let query = "SELECT c.name FROM \"sys.columns\" c JOIN \"sys.objects\" o USING (object_id) WHERE o.qualified = ?1 AND c.is_identity";
        let Ok(column) = self.db.query_row(query, [table], |row| row.get::<_, String>(0)) else {
            return Ok(());
        };
        let open = words.iter().position(|word| word.is("(")).unwrap_or(words.len());
        let listed = words.get(open..translate::closing(words, open)).unwrap_or_default();
        let named = listed
            .iter()
            .filter_map(Word::name)
            .any(|name| name.eq_ignore_ascii_case(&column));
        let allowed = self
            .identity_insert
            .as_deref()
            .is_some_and(|name| name.eq_ignore_ascii_case(table));
        match (named, allowed) {
            (true, false) => {
                let text = format!(
                    "Cannot insert explicit value for identity column in table '{table}' when IDENTITY_INSERT is set to OFF."
                );
                Err(SqlError::new(544, 16, text))
            }
            (false, true) => {
                let text = format!(
                    "Explicit value must be specified for identity column in table '{table}' when IDENTITY_INSERT is set to ON."
                );
                Err(SqlError::new(545, 16, text))
            }
            _ => Ok(()),
        }
    }

    /// `WAITFOR DELAY 'hh:mm:ss'`, which an attention ends.
    fn wait(&self, wire: &mut Wire, words: &[Word]) -> Result<(), Stop> {
        let Some(Word::Text(text)) = words.first() else {
            return Err(SqlError::new(102, 15, "Incorrect syntax near 'WAITFOR'.").into());
        };
        let ticks = super::time::ticks(text).map_err(|text| SqlError::new(148, 15, text))?;
        let end = Instant::now() + Duration::from_nanos(ticks * 100);
        while Instant::now() < end {
            std::thread::sleep(Duration::from_millis(10));
            if wire.interrupted()? {
                return Err(Stop::Attention);
            }
        }
        Ok(())
    }

    /// `EXEC name @a = value, ..`.
    fn exec(&mut self, wire: &mut Wire, words: &[Word], params: &Params, kind: u8) -> Result<Option<u64>, Stop> {
        let at = words
            .iter()
            .position(|word| word.name().is_none() && !word.is("."))
            .unwrap_or(words.len());
        let name: Vec<&str> = words[..at].iter().filter_map(Word::name).collect();
        let mut arguments: Vec<(String, Value)> = Vec::new();
        for argument in words[at..].split(|word| word.is(",")) {
            let (name, value) = match argument {
                [name, equals, value @ ..] if equals.is("=") => (name.sqlite().to_ascii_lowercase(), value),
                value => (String::new(), value),
            };
            if value.is_empty() {
                continue;
            }
            let text = value.iter().map(Word::sqlite).collect::<String>();
            let mut statement = self.db.prepare(&format!("SELECT {text}")).map_err(internal)?;
            bind(&mut statement, params)?;
            let mut rows = statement.raw_query();
            let value = rows
                .next()
                .map_err(internal)?
                .map_or(Ok(Value::Null), |row| row.get(0))
                .map_err(internal)?;
            arguments.push((name, value));
        }
        super::procedures::call(self, wire, &name.join("."), arguments, kind)?;
        Ok(None)
    }

    pub(super) fn schemas(&self) -> Result<Vec<String>, SqlError> {
        let mut statement = self.db.prepare("SELECT name FROM \"sys.schemas\"").map_err(internal)?;
        let names = statement.query_map([], |row| row.get(0)).map_err(internal)?;
        names.collect::<Result<_, _>>().map_err(internal)
    }
}

/// Gives a statement its values.
pub(super) fn bind(statement: &mut rusqlite::Statement<'_>, params: &Params) -> Result<(), SqlError> {
    for index in 1..=statement.parameter_count() {
        let name = statement.parameter_name(index).unwrap_or_default().to_ascii_lowercase();
        let Some(value) = params.get(&name) else {
            return Err(SqlError::new(
                137,
                15,
                format!("Must declare the scalar variable \"{name}\"."),
            ));
        };
        statement.raw_bind_parameter(index, value).map_err(internal)?;
    }
    Ok(())
}

/// ROW, or NBCROW for every other one that holds a NULL.
fn row(out: &mut Vec<u8>, columns: &[Column], values: &[Value], index: u64) -> Result<(), String> {
    let compressed = index % 2 == 1 && values.contains(&Value::Null);
    if compressed {
        out.push(0xd2);
        let mut bits = vec![0_u8; columns.len().div_ceil(8)];
        for (at, value) in values.iter().enumerate() {
            if *value == Value::Null {
                bits[at / 8] |= 1 << (at % 8);
            }
        }
        out.extend_from_slice(&bits);
    } else {
        out.push(0xd1);
    }
    for (column, value) in columns.iter().zip(values) {
        if !(compressed && *value == Value::Null) {
            encode::value(out, &column.ty, column.nullable, value)?;
        }
    }
    Ok(())
}

/// What SQL Server would have said.
pub(super) fn server_error(error: &rusqlite::Error, sql: &str) -> SqlError {
    let text = error.to_string();
    let behind = |mark: &str| {
        text.split_once(mark)
            .map(|(_, rest)| rest.split(" in ").next().unwrap_or(rest).trim().to_owned())
    };
    if let Some(name) = behind("no such table: ") {
        return SqlError::new(208, 16, format!("Invalid object name '{name}'."));
    }
    if let Some(name) = behind("no such column: ") {
        return SqlError::new(207, 16, format!("Invalid column name '{name}'."));
    }
    if let Some(name) = behind("has no column named ") {
        return SqlError::new(207, 16, format!("Invalid column name '{name}'."));
    }
    if let Some(place) = behind("UNIQUE constraint failed: ") {
        let text = format!("Violation of PRIMARY KEY constraint. Cannot insert duplicate key in object '{place}'.");
        return SqlError::new(2627, 14, text);
    }
    if let Some(place) = behind("NOT NULL constraint failed: ") {
        let (table, column) = place.rsplit_once('.').unwrap_or(("", &place));
        let text = format!(
            "Cannot insert the value NULL into column '{column}', table '{table}'; column does not allow nulls. INSERT fails."
        );
        return SqlError::new(515, 16, text);
    }
    if let Some(check) = behind("CHECK constraint failed: ") {
        let (number, column) = check.split_once(' ').unwrap_or(("547", &check));
        let text = match number {
            "2628" => format!("String or binary data would be truncated in table, column '{column}'."),
            _ => format!("Arithmetic overflow error for column '{column}'."),
        };
        return SqlError::new(number.parse().unwrap_or(547), 16, text);
    }
    if let Some(rest) = behind("tds: ") {
        let (number, text) = rest.split_once(' ').unwrap_or(("8114", &rest));
        return SqlError::new(number.parse().unwrap_or(8114), 16, text);
    }
    if text.contains("locked") {
        return SqlError::new(1222, 16, "Lock request time out period exceeded.");
    }
    if text.contains("syntax error") || text.contains("incomplete input") {
        return SqlError::new(102, 15, format!("Incorrect syntax ({text})."));
    }
    SqlError::new(50000, 16, format!("the peer's SQLite: {text} in {sql}"))
}
