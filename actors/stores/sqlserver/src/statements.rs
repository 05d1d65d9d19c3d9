//! Running batches and procedures.
//!
//! A block with parameters is a batch that declares them as variables and takes their values by position, so that no value
//! becomes part of a statement's text. A procedure is called by the protocol's own call.

use crate::names::{TableName, quote};
use crate::session::Session;
use crate::settings::{Settings, property};
use crate::{errors, shown};
use async_trait::async_trait;
use futures::StreamExt;
use serde_json::Value;
use sluice_contract::Fault;
use sluice_store_core::statements::{Asked, Block, Direction, Gather, Limits, Parameter, Ran, Statements, not_served};
use std::sync::Arc;
use tiberius::{Command, QueryItem, ToSql};

const DOING: &str = "running a statement";

pub(crate) struct SqlServerStatements(pub(crate) Arc<Settings>);

#[async_trait]
impl Statements for SqlServerStatements {
    async fn run(&self, asked: Asked, limits: Limits) -> Result<Ran, Fault> {
        let mut session = Session::open(&self.0).await?;
        let mut running = Running {
            gather: Gather::new(limits),
            ran: Ran::default(),
        };
        match asked {
            Asked::Blocks(blocks) => {
                for block in &blocks {
                    running.block(&mut session, block).await?;
                }
            }
            Asked::Table(dataset) => {
                let table = TableName::of_dataset(&dataset)?
                    .ok_or_else(|| property("the dataset names no table, and there is no query"))?;
                let block = Block {
                    text: format!("SELECT * FROM {}", table.quoted()),
                    query: true,
                    ..Block::default()
                };
                running.block(&mut session, &block).await?;
            }
            Asked::Procedure { name, parameters } => running.procedure(&mut session, &name, &parameters).await?,
        }
        Ok(running.done())
    }
}

struct Running {
    gather: Gather,
    ran: Ran,
}

impl Running {
    async fn block(&mut self, session: &mut Session, block: &Block) -> Result<(), Fault> {
        let values: Vec<Option<String>> = block.parameters.iter().map(text).collect();
        let values: Vec<&dyn ToSql> = values.iter().map(|value| value as &dyn ToSql).collect();
        let batch = batch(block)?;
        let outputs = block
            .parameters
            .iter()
            .any(|parameter| parameter.direction != Direction::Input);
        if !block.query && !outputs {
            let done = session.client().execute(batch, &values).await;
            let changed = done.map_err(|error| errors::fault(DOING, &error))?.total();
            self.ran.affected = Some(self.ran.affected.unwrap_or(0) + changed);
            return Ok(());
        }
        let before = self.gather.count();
        self.results(session, batch, &values).await?;
        if outputs && let Some(last) = self.gather.take_after(before, block.query) {
            self.ran
                .outputs
                .extend(last.rows.into_iter().next().unwrap_or_default());
        }
        Ok(())
    }

    async fn results(&mut self, session: &mut Session, batch: String, values: &[&dyn ToSql]) -> Result<(), Fault> {
        let failed = |error| errors::fault(DOING, &error);
        let client = session.client();
        // Without parameters it stays a batch of its own: CREATE PROCEDURE has to be the first statement of one.
        let mut stream = match values.is_empty() {
            true => client.simple_query(batch).await.map_err(failed)?,
            false => client.query(batch, values).await.map_err(failed)?,
        };
        while let Some(item) = stream.next().await {
            match item.map_err(failed)? {
                QueryItem::Metadata(columns) => self.gather.begin(columns.columns().iter().map(|column| column.name())),
                QueryItem::Row(row) if self.gather.has_room() => {
                    self.gather.push(row.cells().map(|(_, data)| shown::value(data)));
                }
                QueryItem::Row(_) => {}
            }
            if self.gather.is_over() {
                // The connection is closed with the session, which stops the server.
                break;
            }
        }
        Ok(())
    }

    async fn procedure(&mut self, session: &mut Session, name: &str, parameters: &[Parameter]) -> Result<(), Fault> {
        let procedure = TableName::parse(name, "storedProcedureName")?;
        let mut command = Command::new(procedure.quoted());
        for parameter in parameters {
            if parameter.direction != Direction::Input {
                return Err(not_served(
                    "output parameters of the stored procedure activity: use a Script",
                ));
            }
            command.bind_param(format!("@{}", bare(&parameter.name)?), text(parameter));
        }
        let failed = |error| errors::fault(&format!("calling the procedure {procedure}"), &error);
        let stream = command.exec(session.client()).await.map_err(failed)?;
        let result = stream.into_command_result().await.map_err(failed)?;
        self.ran.affected = Some(result.rows_affected().iter().sum());
        for index in 0.. {
            let Some(rows) = result.to_query_result(index) else {
                break;
            };
            let columns = rows.first().map(|row| row.columns()).unwrap_or_default();
            self.gather.begin(columns.iter().map(|column| column.name()));
            for row in rows {
                self.gather.push(row.cells().map(|(_, data)| shown::value(data)));
            }
        }
        Ok(())
    }

    fn done(self) -> Ran {
        Ran {
            sets: self.gather.done(),
            ..self.ran
        }
    }
}

/// The block with its parameters as variables, and behind it what the outputs have become.
fn batch(block: &Block) -> Result<String, Fault> {
    let mut batch = String::new();
    for (place, parameter) in block.parameters.iter().enumerate() {
        let (name, kind) = (bare(&parameter.name)?, kind(parameter));
        batch.push_str(&format!("DECLARE @{name} {kind} = @P{};\n", place + 1));
    }
    batch.push_str(&block.text);
    let outputs = block
        .parameters
        .iter()
        .filter(|parameter| parameter.direction != Direction::Input);
    let outputs = outputs.map(|parameter| Ok(format!("@{0} AS {1}", bare(&parameter.name)?, quote(&parameter.name))));
    let outputs = outputs.collect::<Result<Vec<_>, Fault>>()?;
    if !outputs.is_empty() {
        batch.push_str(&format!("\n;SELECT {}", outputs.join(", ")));
    }
    Ok(batch)
}

/// A parameter's name without its sign.
fn bare(name: &str) -> Result<&str, Fault> {
    let bare = name.strip_prefix('@').unwrap_or(name);
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '#' | '$' | '@');
    match !bare.is_empty() && bare.chars().all(is_name) {
        true => Ok(bare),
        false => Err(property(format!("{name:?} is not the name of a parameter"))),
    }
}

fn kind(parameter: &Parameter) -> String {
    match parameter.kind.as_str() {
        "boolean" | "bool" => "bit".to_owned(),
        "datetime" => "datetime2(7)".to_owned(),
        "datetimeoffset" => "datetimeoffset(7)".to_owned(),
        "date" => "date".to_owned(),
        "decimal" => "decimal(38, 10)".to_owned(),
        "double" => "float".to_owned(),
        "single" => "real".to_owned(),
        "guid" => "uniqueidentifier".to_owned(),
        "int16" => "smallint".to_owned(),
        "int32" | "int" => "int".to_owned(),
        "int64" => "bigint".to_owned(),
        "timespan" => "time(7)".to_owned(),
        _ => "nvarchar(max)".to_owned(),
    }
}

/// A value as the server converts it to whatever its place wants.
fn text(parameter: &Parameter) -> Option<String> {
    match &parameter.value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
