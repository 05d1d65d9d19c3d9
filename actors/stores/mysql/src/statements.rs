//! Running statements by the text protocol, which says of each column what it is.

use crate::names::{TableName, literal};
use crate::session::Session;
use crate::settings::Settings;
use crate::wire::reply::Heard;
use crate::{errors, shown};
use async_trait::async_trait;
use serde_json::Value;
use sluice_contract::{Code, Fault};
use sluice_store_core::statements::{
    Asked, Block, Dialect, Direction, Gather, Limits, Parameter, Ran, Statements, not_served, split, substitute,
};
use std::sync::Arc;

pub(crate) struct MySqlStatements(Arc<Settings>);

impl MySqlStatements {
    pub(crate) fn new(settings: &Settings) -> Self {
        // A procedure that selects gives several results.
        Self(Arc::new(Settings {
            several_results: true,
            ..settings.clone()
        }))
    }
}

#[async_trait]
impl Statements for MySqlStatements {
    async fn run(&self, asked: Asked, limits: Limits) -> Result<Ran, Fault> {
        let blocks = blocks(asked, &self.0)?;
        let mut session = Session::open(&self.0).await?;
        let mut gather = Gather::new(limits);
        let mut affected = None;
        'all: for block in blocks {
            for statement in split(&with_values(&block)?, Dialect::MySql) {
                session.set_running(true);
                let changed = one(&mut session, statement, block.query, &mut gather).await?;
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

fn blocks(asked: Asked, settings: &Settings) -> Result<Vec<Block>, Fault> {
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
            let table = TableName::of_dataset(&dataset, &settings.database)?.ok_or_else(|| {
                let text = "the dataset names no table, and there is no query";
                Fault::new(Code::PropertyMissing, text)
            })?;
            Ok(query(format!("SELECT * FROM {}", table.quoted())))
        }
        Asked::Procedure { name, parameters } => {
            // MySQL has no named arguments: they go by their order.
            let arguments = parameters.iter().map(|parameter| match parameter.direction {
                Direction::Input => Ok(value(parameter)),
                _ => Err(not_served("output parameters of MySQL's procedures: select the value")),
            });
            let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
            let name = TableName::parse(&name, &settings.database)?.quoted();
            Ok(query(format!("CALL {name}({})", arguments.join(", "))))
        }
    }
}

/// The text with its parameters' values as literals.
fn with_values(block: &Block) -> Result<String, Fault> {
    if block
        .parameters
        .iter()
        .any(|parameter| parameter.direction != Direction::Input)
    {
        return Err(not_served("output parameters of a script in MySQL: select the value"));
    }
    Ok(substitute(&block.text, Dialect::MySql, |name| {
        let found = block.parameters.iter().find(|parameter| parameter.name == name);
        found.map(value)
    }))
}

fn value(parameter: &Parameter) -> String {
    match &parameter.value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(true) => "TRUE".to_owned(),
        Value::Bool(false) => "FALSE".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => literal(text),
        other => literal(&other.to_string()),
    }
}

/// Runs one statement; the rows that it changed.
async fn one(session: &mut Session, statement: &str, wanted: bool, gather: &mut Gather) -> Result<Option<u64>, Fault> {
    let mut columns = Vec::new();
    let mut changed = None;
    let ran = session.dialogue()?.run(statement, |heard| {
        match heard {
            Heard::Columns(found) => {
                if wanted {
                    gather.begin(found.iter().map(|column| column.name.as_str()));
                }
                columns = found;
            }
            Heard::Row(row) if wanted && gather.has_room() => {
                gather.push(columns.iter().zip(row).map(|(column, bytes)| match bytes {
                    None => Value::Null,
                    Some(bytes) => shown::value(column, bytes),
                }));
            }
            Heard::Row(_) => {}
            Heard::Done(done) => changed = Some(changed.unwrap_or(0) + done.affected),
        }
        !gather.is_over()
    });
    ran.await
        .map_err(|error| errors::fault("running a statement", &error))?;
    Ok(changed)
}
