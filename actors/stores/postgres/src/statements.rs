//! Running statements: each is described first, so that its values are known by their types, and then run once.

use crate::names::{TableName, literal, quote};
use crate::session::Session;
use crate::settings::Settings;
use crate::{errors, shown};
use async_trait::async_trait;
use futures::{StreamExt, pin_mut};
use serde_json::Value;
use sluice_contract::{Code, Fault};
use sluice_store_core::statements::{
    Asked, Block, Dialect, Direction, Gather, Limits, Parameter, Ran, Statements, not_served, split, substitute,
};
use std::sync::Arc;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::types::Type;

/// What the values are written like, whatever the server's settings are.
const SETUP: &str = "SET DateStyle = ISO; SET TimeZone = 'UTC'; SET bytea_output = hex";

pub(crate) struct PostgresStatements(pub(crate) Arc<Settings>);

#[async_trait]
impl Statements for PostgresStatements {
    async fn run(&self, asked: Asked, limits: Limits) -> Result<Ran, Fault> {
        let blocks = blocks(asked)?;
        let mut session = Session::open(&self.0).await?;
        session.run("setting the session up", SETUP).await?;
        let mut gather = Gather::new(limits);
        let mut affected = None;
        'all: for block in blocks {
            for statement in split(&with_values(&block)?, Dialect::Postgres) {
                session.set_running(true);
                let changed = one(&session, statement, block.query, &mut gather).await?;
                if gather.is_over() {
                    // The session still runs, and is stopped on the server when it is dropped.
                    break 'all;
                }
                session.set_running(false);
                affected = changed.map(|rows| affected.unwrap_or(0) + rows).or(affected);
            }
        }
        Ok(Ran {
            sets: gather.done(),
            affected,
            ..Ran::default()
        })
    }
}

fn blocks(asked: Asked) -> Result<Vec<Block>, Fault> {
    let query = |text| {
        vec![Block {
            text,
            query: true,
            ..Block::default()
        }]
    };
    match asked {
        Asked::Blocks(blocks) => Ok(blocks),
        Asked::Table(dataset) => {
            let table = TableName::of_dataset(&dataset)?.ok_or_else(|| {
                let text = "the dataset names no table, and there is no query";
                Fault::new(Code::PropertyMissing, text)
            })?;
            Ok(query(format!("SELECT * FROM {}", table.quoted())))
        }
        Asked::Procedure { name, parameters } => {
            let name = TableName::parse(&name)?.quoted();
            let arguments = parameters.iter().map(|parameter| {
                if parameter.direction != Direction::Input {
                    return Err(not_served(
                        "output parameters of PostgreSQL's procedures: select from a function",
                    ));
                }
                Ok(format!("{} => {}", quote(&parameter.name), value(parameter)?))
            });
            let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
            Ok(query(format!("CALL {name}({})", arguments.join(", "))))
        }
    }
}

/// The text with its parameters' values as literals.
fn with_values(block: &Block) -> Result<String, Fault> {
    let mut values = Vec::new();
    for parameter in &block.parameters {
        if parameter.direction != Direction::Input {
            return Err(not_served(
                "output parameters of a script in PostgreSQL: select the value",
            ));
        }
        values.push((parameter.name.as_str(), value(parameter)?));
    }
    let place = |name: &str| name.parse::<usize>().ok().and_then(|place| place.checked_sub(1));
    Ok(substitute(&block.text, Dialect::Postgres, |name| {
        let named = values.iter().find(|(known, _)| *known == name);
        let named = named.or_else(|| values.get(place(name)?));
        named.map(|(_, value)| value.clone())
    }))
}

/// A value as a literal of its type.
fn value(parameter: &Parameter) -> Result<String, Fault> {
    let text = match &parameter.value {
        Value::Null => return Ok("NULL".to_owned()),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.contains('\0') {
        let text = format!(
            "parameter {:?} has a NUL in it, which PostgreSQL does not take",
            parameter.name
        );
        return Err(Fault::new(Code::DataInvalid, text));
    }
    let kind = match parameter.kind.as_str() {
        "boolean" | "bool" => "boolean",
        "datetime" => "timestamp",
        "datetimeoffset" => "timestamptz",
        "date" => "date",
        "decimal" => "numeric",
        "double" => "double precision",
        "single" => "real",
        "guid" => "uuid",
        "int16" => "smallint",
        "int32" | "int" => "integer",
        "int64" => "bigint",
        "timespan" => "interval",
        // Of the type that the place wants.
        _ => return Ok(literal(&text)),
    };
    Ok(format!("CAST({} AS {kind})", literal(&text)))
}

/// Runs one statement; the rows that it changed.
async fn one(session: &Session, statement: &str, wanted: bool, gather: &mut Gather) -> Result<Option<u64>, Fault> {
    const DOING: &str = "running a statement";
    let failed = |error| errors::fault(DOING, &error);
    let described = session.prepare(statement).await.map_err(failed)?;
    let columns = described.columns();
    let types: Vec<Type> = columns.iter().map(|column| column.type_().clone()).collect();
    let gives = !types.is_empty();
    if gives && wanted {
        gather.begin(columns.iter().map(|column| column.name()));
    }
    let answers = session.simple_query_raw(statement).await.map_err(failed)?;
    pin_mut!(answers);
    let mut changed = None;
    while let Some(answer) = answers.next().await {
        match answer.map_err(failed)? {
            SimpleQueryMessage::Row(row) if gives && wanted && gather.has_room() => {
                let values = types.iter().enumerate();
                gather.push(values.map(|(place, ty)| {
                    row.try_get(place)
                        .ok()
                        .flatten()
                        .map_or(Value::Null, |text| shown::value(ty, text))
                }));
            }
            SimpleQueryMessage::CommandComplete(rows) if !gives => changed = Some(rows),
            _ => {}
        }
        if gather.is_over() {
            break;
        }
    }
    Ok(changed)
}
