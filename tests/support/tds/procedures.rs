//! Stored procedures: those of the system that clients use, and those that a test defines.

use super::Shared;
use super::engine::{Engine, Params, Stop};
use super::tokens::{self, SqlError};
use super::wire::Wire;
use rusqlite::types::Value;

/// The body of a procedure that a test has defined.
///
/// # Errors
/// 2812 when there is none.
pub(super) fn find(shared: &Shared, name: &str) -> Result<String, SqlError> {
    let plain = |name: &str| name.replace(['[', ']', '"'], "").to_ascii_lowercase();
    let wanted = plain(name);
    let known = shared.procedures.lock().unwrap();
    let found = known.iter().find(|(name, _)| {
        let name = plain(name);
        name == wanted || name.strip_prefix("dbo.") == Some(&wanted)
    });
    found
        .map(|(_, body)| body.clone())
        .ok_or_else(|| SqlError::new(2812, 16, format!("Could not find stored procedure '{name}'.")))
}

/// Calls a procedure by name, with named or positional arguments.
pub(super) fn call(
    engine: &mut Engine,
    wire: &mut Wire,
    name: &str,
    arguments: Vec<(String, Value)>,
    kind: u8,
) -> Result<(), Stop> {
    let plain = name.replace(['[', ']'], "").to_ascii_lowercase();
    let short = plain.strip_prefix("sys.").unwrap_or(&plain);
    let first = || match arguments.first() {
        Some((_, Value::Text(text))) => text.clone(),
        _ => String::new(),
    };
    match short {
        "sp_describe_first_result_set" => {
            let (columns, rows) = super::describe::first_result_set(engine, &first())?;
            let mut out = Vec::new();
            tokens::columns(&mut out, &columns);
            let count = rows.len() as u64;
            for row in rows {
                out.push(0xd1);
                for (column, value) in columns.iter().zip(&row) {
                    super::encode::value(&mut out, &column.ty, column.nullable, value)
                        .map_err(|text| SqlError::new(8114, 16, text))?;
                }
            }
            tokens::done(&mut out, tokens::DONE_IN_PROC, Some(count), true, false);
            wire.put(&out)?;
            Ok(())
        }
        "sp_executesql" => execute_sql(engine, wire, arguments),
        "sp_reset_connection" => Ok(()),
        _ => {
            let body = find(&engine.shared, name)?;
            let params: Params = arguments.into_iter().filter(|(name, _)| !name.is_empty()).collect();
            let _ = kind;
            engine.batch(wire, &body, &params, tokens::DONE_IN_PROC)
        }
    }
}

/// Statement, declarations, and the values of what was declared, named or in order.
pub(super) fn execute_sql(engine: &mut Engine, wire: &mut Wire, arguments: Vec<(String, Value)>) -> Result<(), Stop> {
    let mut arguments = arguments.into_iter();
    let text = |argument: Option<(String, Value)>| match argument {
        Some((_, Value::Text(text))) => text,
        _ => String::new(),
    };
    let sql = text(arguments.next());
    let declared = text(arguments.next());
    let params = values(&declared, arguments);
    engine.batch(wire, &sql, &params, tokens::DONE_IN_PROC)
}

/// Gives declared names their values.
pub(super) fn values(declared: &str, arguments: impl Iterator<Item = (String, Value)>) -> Params {
    let names: Vec<String> = declared
        .split(',')
        .filter_map(|part| part.split_whitespace().next())
        .filter(|name| name.starts_with('@'))
        .map(str::to_ascii_lowercase)
        .collect();
    arguments
        .enumerate()
        .filter_map(|(at, (name, value))| match name.is_empty() {
            true => names.get(at).map(|name| (name.clone(), value)),
            false => Some((name, value)),
        })
        .collect()
}
