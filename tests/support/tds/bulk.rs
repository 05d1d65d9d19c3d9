//! `INSERT BULK` and the rows behind it.

use super::ddl::internal;
use super::decode::Reader;
use super::engine::{Engine, server_error};
use super::lexer::{self, Word};
use super::tokens::SqlError;
use super::translate::{self, Names, closing};

/// Where the next bulk message's rows go.
#[derive(Clone, Debug)]
pub(super) struct Target {
    table: String,
    columns: Vec<String>,
}

/// The target of an `INSERT BULK` statement; none when it is another statement.
///
/// # Errors
/// 208 when the table is not there.
pub(super) fn target(engine: &Engine, sql: &str) -> Result<Option<Target>, SqlError> {
    let words = lexer::words(sql)?;
    if !(words.len() > 2 && words[0].is("INSERT") && words[1].is("BULK")) {
        return Ok(None);
    }
    let schemas = engine.schemas()?;
    let names = Names {
        schemas: &schemas,
        database: &engine.shared.options.database,
        open: engine.transaction.is_some(),
    };
    // As if it were an INSERT INTO, to find the table.
    let mut as_insert = vec![words[0].clone(), Word::Name("INTO".into(), false)];
    as_insert.extend_from_slice(&words[2..]);
    let table = translate::statement(&as_insert, &names)
        .tables
        .first()
        .cloned()
        .unwrap_or_default();
    let count = "SELECT count(*) FROM \"sys.objects\" WHERE qualified = ?1";
    if engine
        .db
        .query_row(count, [&table], |row| row.get::<_, i64>(0))
        .map_err(internal)?
        == 0
    {
        return Err(SqlError::new(208, 16, format!("Invalid object name '{table}'.")));
    }
    let open = words.iter().position(|word| word.is("(")).unwrap_or(words.len());
    let end = closing(&words, open);
    let mut columns = Vec::new();
    let mut depth = 0;
    let mut fresh = true;
    for word in words.get(open + 1..end).unwrap_or_default() {
        depth += i32::from(word.is("(")) - i32::from(word.is(")"));
        if depth == 0 && word.is(",") {
            fresh = true;
        } else if fresh {
            columns.extend(word.name().map(str::to_owned));
            fresh = false;
        }
    }
    Ok(Some(Target { table, columns }))
}

/// Loads a message's rows, all or none.
///
/// # Errors
/// As SQL Server says them.
pub(super) fn load(engine: &mut Engine, target: &Target, body: &[u8]) -> Result<u64, SqlError> {
    let protocol = |text: String| {
        let number = text
            .split_once(':')
            .and_then(|(number, _)| number.parse().ok())
            .unwrap_or(4804);
        SqlError::new(
            number,
            16,
            format!("Premature end-of-message or bad row in a bulk load: {text}"),
        )
    };
    let mut reader = Reader::new(body);
    if reader.u8().map_err(protocol)? != 0x81 {
        return Err(protocol("no COLMETADATA".to_owned()));
    }
    let columns = reader.bulk_columns().map_err(protocol)?;
    if columns.len() != target.columns.len() {
        let text = format!(
            "{} columns are announced and {} are in INSERT BULK",
            columns.len(),
            target.columns.len()
        );
        return Err(protocol(text));
    }
    let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let list: Vec<String> = target.columns.iter().map(|name| quote(name)).collect();
    let marks = vec!["?"; list.len()].join(", ");
    let sql = format!(
        "INSERT INTO {} ({}) VALUES ({marks})",
        quote(&target.table),
        list.join(", ")
    );
    let nested = engine.transaction.is_some();
    engine
        .db
        .execute_batch(if nested { "SAVEPOINT bulk" } else { "BEGIN IMMEDIATE" })
        .map_err(internal)?;
    let mut insert = || -> Result<u64, SqlError> {
        let mut statement = engine.db.prepare(&sql).map_err(|error| server_error(&error, &sql))?;
        let mut rows = 0;
        loop {
            match reader.u8().map_err(protocol)? {
                0xfd => return Ok(rows),
                0xd1 => {}
                token => return Err(protocol(format!("a token {token:#04x} instead of a row"))),
            }
            for (at, (_, announced)) in columns.iter().enumerate() {
                let value = reader.value(announced).map_err(protocol)?;
                statement.raw_bind_parameter(at + 1, value).map_err(internal)?;
            }
            statement.raw_execute().map_err(|error| server_error(&error, &sql))?;
            rows += 1;
            if reader.is_empty() {
                // Some clients leave the DONE out.
                return Ok(rows);
            }
        }
    };
    let outcome = insert();
    let end = match (&outcome, nested) {
        (Ok(_), true) => "RELEASE bulk",
        (Ok(_), false) => "COMMIT",
        (Err(_), true) => "ROLLBACK TO bulk",
        (Err(_), false) => "ROLLBACK",
    };
    engine.db.execute_batch(end).map_err(internal)?;
    outcome
}
