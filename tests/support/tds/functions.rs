//! The functions that SQLite does not have.

use super::Shared;
use super::decode::Reader;
use super::encode;
use super::types::SqlType;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::Value;
use rusqlite::{Connection, Error};
use std::sync::Arc;
use std::time::Duration;

/// Opens the database for a session.
pub(super) fn open(shared: &Arc<Shared>) -> rusqlite::Result<Connection> {
    let db = Connection::open(&shared.file)?;
    db.busy_timeout(Duration::from_secs(20))?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "OFF")?;
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    db.create_scalar_function("tds_units", 1, flags, |ctx| {
        let text: String = ctx.get(0)?;
        Ok(text.encode_utf16().count() as i64)
    })?;
    db.create_scalar_function("tds_qualified", 1, flags, |ctx| Ok(qualified(&ctx.get::<String>(0)?)))?;
    db.create_scalar_function("tds_cast", 2, flags, |ctx| {
        let value: Value = ctx.get(0)?;
        let ty: String = ctx.get(1)?;
        cast(&value, &ty).map_err(|text| Error::UserFunctionError(format!("tds: 8114 {text}").into()))
    })?;
    db.create_scalar_function("tds_datediff", 3, flags, |ctx| {
        let part: String = ctx.get(0)?;
        let (from, to): (Option<String>, Option<String>) = (ctx.get(1)?, ctx.get(2)?);
        let (Some(from), Some(to)) = (from, to) else {
            return Ok(None);
        };
        // '19000101' is a date in every language.
        let dashed = |text: String| match text.len() {
            8 if !text.contains('-') => format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]),
            _ => text,
        };
        let moment = |text: String| {
            super::time::moment(&dashed(text))
                .map_err(|text| Error::UserFunctionError(format!("tds: 241 {text}").into()))
        };
        let ((d0, t0), (d1, t1)) = (moment(from)?, moment(to)?);
        let days = i64::from(d1) - i64::from(d0);
        let second = |ticks: u64| (ticks / 10_000_000) as i64;
        Ok(Some(match part.as_str() {
            "day" => days,
            _ => days * 86_400 + second(t1) - second(t0),
        }))
    })?;
    let known = Arc::clone(shared);
    db.create_scalar_function("tds_partition", 2, flags, move |ctx| {
        let function: String = ctx.get(0)?;
        let value: Option<i64> = ctx.get(1)?;
        let bounds = known
            .partitions
            .lock()
            .unwrap()
            .get(&function)
            .cloned()
            .unwrap_or_default();
        // RANGE RIGHT: a bound belongs to the partition that it begins; NULL is in the first.
        let below = bounds
            .iter()
            .filter(|bound| value.is_some_and(|value| value >= **bound))
            .count();
        Ok(below as i64 + 1)
    })?;
    Ok(db)
}

/// `[a].[b]`, `a.b` or `b` as `a.b`.
fn qualified(name: &str) -> String {
    let words = super::lexer::words(name).unwrap_or_default();
    let parts: Vec<&str> = words.iter().filter_map(super::lexer::Word::name).collect();
    match parts[..] {
        [table] => format!("dbo.{table}"),
        [.., schema, table] => format!("{}.{table}", schema.to_ascii_lowercase()),
        [] => String::new(),
    }
}

/// A value as another type, by way of the wire.
pub(super) fn cast(value: &Value, ty: &str) -> Result<Value, String> {
    if *value == Value::Null {
        return Ok(Value::Null);
    }
    let ty = SqlType::parse(ty).ok_or_else(|| format!("no type {ty}"))?;
    let value = match (&ty, value) {
        // The text form of a hierarchyid is what was put.
        (SqlType::NVarChar(_), Value::Blob(bytes)) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        (_, value) => value.clone(),
    };
    let mut bytes = Vec::new();
    ty.announce(&mut bytes, true);
    encode::value(&mut bytes, &ty, true, &value)?;
    let mut reader = Reader::new(&bytes);
    let announced = reader.announced()?;
    reader.value(&announced)
}

/// Counts every table's rows into the catalog.
pub(super) fn count_partitions(db: &Connection) -> rusqlite::Result<()> {
    let tables: Vec<(i64, String)> = db
        .prepare("SELECT object_id, qualified FROM \"sys.objects\"")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    for (id, name) in tables {
        let rows: i64 = db.query_row(
            &format!("SELECT count(*) FROM \"{}\"", name.replace('"', "\"\"")),
            [],
            |row| row.get(0),
        )?;
        let query = "SELECT coalesce(max(partition_number), 0) FROM \"sys.partitions\" WHERE object_id = ?1";
        let partitions: i64 = db.query_row(query, [id], |row| row.get(0))?;
        match partitions {
            0 => db.execute("INSERT INTO \"sys.partitions\" VALUES (?1, 1, 1, ?2)", [id, rows])?,
            n => db.execute(
                "UPDATE \"sys.partitions\" SET rows = ?2 / ?3 WHERE object_id = ?1",
                [id, rows, n],
            )?,
        };
    }
    Ok(())
}
