//! Calls: by number or by name, with their parameters.

use super::decode::Reader;
use super::engine::{Engine, Stop};
use super::procedures;
use super::tokens::{self, SqlError};
use super::wire::Wire;
use rusqlite::types::Value;
use std::collections::HashMap;

/// Prepared statements of a session: their text and declarations.
pub(super) type Prepared = HashMap<i32, (String, String)>;

const EXECUTE_SQL: u16 = 10;
const PREPARE: u16 = 11;
const EXECUTE: u16 = 12;
const PREPARE_AND_EXECUTE: u16 = 13;
const UNPREPARE: u16 = 15;

/// Runs a call; the end is said by whoever calls this, unless it went well.
pub(super) fn run(engine: &mut Engine, wire: &mut Wire, prepared: &mut Prepared, body: &[u8]) -> Result<(), Stop> {
    let (number, name, arguments) = read(body).map_err(|text| SqlError::new(8005, 16, text))?;
    let mut out = Vec::new();
    let fresh = || prepared.keys().max().copied().unwrap_or(0) + 1;
    let text = |at: usize| match arguments.get(at) {
        Some((_, Value::Text(text))) => text.clone(),
        _ => String::new(),
    };
    // The output parameter goes by the name that the client gave it.
    let output = arguments.first().map(|(name, _)| name.clone()).unwrap_or_default();
    let handle = match arguments.first() {
        Some((_, Value::Integer(handle))) => *handle as i32,
        _ => 0,
    };
    match number {
        Some(EXECUTE_SQL) => procedures::execute_sql(engine, wire, arguments)?,
        Some(PREPARE) => {
            let handle = fresh();
            prepared.insert(handle, (text(2), text(1)));
            tokens::return_status(&mut out, 0);
            tokens::return_handle(&mut out, &output, handle);
            tokens::done(&mut out, tokens::DONE_PROC, None, false, false);
            wire.put(&out)?;
            return Ok(());
        }
        Some(PREPARE_AND_EXECUTE) => {
            let handle = fresh();
            let (sql, declared) = (text(2), text(1));
            prepared.insert(handle, (sql.clone(), declared.clone()));
            let params = procedures::values(&declared, arguments.into_iter().skip(3));
            engine.batch(wire, &sql, &params, tokens::DONE_IN_PROC)?;
            tokens::return_status(&mut out, 0);
            tokens::return_handle(&mut out, &output, handle);
            tokens::done(&mut out, tokens::DONE_PROC, None, false, false);
            wire.put(&out)?;
            return Ok(());
        }
        Some(EXECUTE) => {
            let found = prepared.get(&handle).cloned();
            let (sql, declared) = found.ok_or_else(|| {
                SqlError::new(
                    8179,
                    16,
                    format!("Could not find prepared statement with handle {handle}."),
                )
            })?;
            let params = procedures::values(&declared, arguments.into_iter().skip(1));
            engine.batch(wire, &sql, &params, tokens::DONE_IN_PROC)?;
        }
        Some(UNPREPARE) => {
            prepared.remove(&handle);
        }
        Some(other) => {
            return Err(SqlError::new(2812, 16, format!("Could not find stored procedure number {other}.")).into());
        }
        None => procedures::call(engine, wire, &name, arguments, tokens::DONE_IN_PROC)?,
    }
    tokens::return_status(&mut out, 0);
    tokens::done(&mut out, tokens::DONE_PROC, None, false, false);
    wire.put(&out)?;
    Ok(())
}

type Call = (Option<u16>, String, Vec<(String, Value)>);

fn read(body: &[u8]) -> Result<Call, String> {
    let mut reader = Reader::new(body);
    headers(&mut reader)?;
    let (number, name) = match reader.u16()? {
        0xffff => (Some(reader.u16()?), String::new()),
        length => (None, reader.units(length.into())?),
    };
    reader.u16()?;
    let mut arguments = Vec::new();
    // Several calls in one message are told apart by a flag byte that no name's length is.
    while let Some(next) = reader.peek() {
        if next >= 0x80 {
            break;
        }
        let name = reader.b_text()?.to_ascii_lowercase();
        reader.u8()?;
        let announced = reader.announced()?;
        let value = reader.value(&announced)?;
        let value = match value {
            Value::Text(text) if matches!(announced.ty, super::types::SqlType::Guid) => Value::Text(text),
            other => other,
        };
        let name = match name.as_str() {
            "" => name,
            name if name.starts_with('@') => name.to_owned(),
            // "stmt" and "params" of sp_executesql.
            _ => String::new(),
        };
        arguments.push((name, value));
    }
    Ok((number, name, arguments))
}

/// Steps over ALL_HEADERS.
pub(super) fn headers(reader: &mut Reader<'_>) -> Result<(), String> {
    let length = reader.u32()? as usize;
    reader.take(length.saturating_sub(4)).map(drop)
}
