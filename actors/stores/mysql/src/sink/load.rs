//! Rows on their way into the staging table: by `LOAD DATA LOCAL`, or by `INSERT` where the server does not allow that.

use super::encode::{Encoding, Rows, Unpacked};
use super::fit::Output;
use super::limits::Limits;
use super::output::Style;
use super::target::Target;
use super::warnings;
use crate::errors;
use crate::names::{TableName, quote};
use crate::session::Session;
use arrow::record_batch::RecordBatch;
use sluice_contract::{Code, Fault};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A piece of the file is sent when it has grown to this.
const PIECE: usize = 256 * 1024;

/// A file ends when it has grown to this: the server keeps what undoes it until then, and says only at its end what was
/// wrong.
const FILE: usize = 64 << 20;

/// How long the server may take nothing: longer than any checkpoint.
const STALL: Duration = Duration::from_secs(300);

/// What does not change from row to row.
#[derive(Clone)]
pub(super) struct Recipe {
    encodings: Arc<[Encoding]>,
    /// What begins every statement.
    statement: String,
    pub(super) style: Style,
    doing: String,
    /// Rows that an `INSERT` takes end here.
    insert_bytes: usize,
}

impl Recipe {
    /// For a staging table.
    pub(super) fn new(target: &Target, stage: &TableName, limits: &Limits) -> Self {
        let encodings = target.columns.iter().map(|column| Encoding {
            name: column.source.clone(),
            output: column.fit.output,
            required: column.required,
        });
        let style = if limits.local_files { Style::File } else { Style::Insert };
        Self {
            encodings: encodings.collect(),
            statement: match style {
                Style::File => load(target, stage),
                Style::Insert => format!("INSERT INTO {} ({}) VALUES ", stage.quoted(), target.list()),
            },
            style,
            doing: format!("writing to {stage}"),
            insert_bytes: (limits.packet / 4).clamp(16 * 1024, 1 << 20),
        }
    }
}

/// The statement that asks for the file. What is no text goes through a variable: numbers into bits, digits into bytes.
fn load(target: &Target, stage: &TableName) -> String {
    let (mut columns, mut sets) = (Vec::new(), Vec::new());
    for (index, column) in target.columns.iter().enumerate() {
        let name = quote(&column.name);
        let set = match column.fit.output {
            Output::Bytes(_) => format!("{name} = UNHEX(@v{index})"),
            Output::Bit(_) => format!("{name} = CAST(@v{index} AS UNSIGNED)"),
            _ => {
                columns.push(name);
                continue;
            }
        };
        columns.push(format!("@v{index}"));
        sets.push(set);
    }
    let set = match sets.is_empty() {
        true => String::new(),
        false => format!(" SET {}", sets.join(", ")),
    };
    format!(
        "LOAD DATA LOCAL INFILE 'sluice' INTO TABLE {} CHARACTER SET utf8mb4 \
         FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' ({}){set}",
        stage.quoted(),
        columns.join(", ")
    )
}

/// A session that writes into the staging table.
pub(super) struct Loader {
    session: Session,
    recipe: Recipe,
    bytes: Arc<AtomicU64>,
    /// Bytes of the file that is open.
    open: Option<usize>,
    piece: Vec<u8>,
}

impl Loader {
    pub(super) fn new(session: Session, recipe: Recipe, bytes: Arc<AtomicU64>) -> Self {
        Self {
            session,
            recipe,
            bytes,
            open: None,
            piece: vec![0; 4],
        }
    }

    /// How many columns a batch has to have.
    pub(super) fn columns(&self) -> usize {
        self.recipe.encodings.len()
    }

    /// The rows of a batch that cannot be written, each with what is wrong.
    ///
    /// # Errors
    /// `SL6007`, `SL6012` when the whole batch cannot.
    pub(super) fn unwritable(&self, batch: &RecordBatch) -> Result<Vec<(usize, Fault)>, Fault> {
        let unpacked = Unpacked::of(batch, self.columns())?;
        let rows = Rows::new(&unpacked, &self.recipe.encodings, self.recipe.style)?;
        let mut out = Vec::new();
        let mut bad = Vec::new();
        for row in 0..batch.num_rows() {
            out.clear();
            if let Err(fault) = rows.write(row, &mut out) {
                bad.push((row, fault));
            }
        }
        Ok(bad)
    }

    /// Writes a batch. It may be with the server, or on its way, until [`Self::close`].
    ///
    /// # Errors
    /// `SL6011` for a value that does not fit; the server's.
    pub(super) async fn write(&mut self, batch: &RecordBatch) -> Result<(), Fault> {
        let unpacked = Unpacked::of(batch, self.columns())?;
        let encodings = self.recipe.encodings.clone();
        let rows = Rows::new(&unpacked, &encodings, self.recipe.style)?;
        let limit = match self.recipe.style {
            Style::File => PIECE,
            Style::Insert => self.recipe.insert_bytes,
        };
        for row in 0..batch.num_rows() {
            if self.recipe.style == Style::Insert && self.piece.len() > 4 {
                self.piece.push(b',');
            }
            rows.write(row, &mut self.piece)?;
            if self.piece.len() >= limit {
                self.send().await?;
            }
        }
        Ok(())
    }

    /// All rows are with the server, and it has taken every value as it is.
    ///
    /// # Errors
    /// `SL6011` for a value that does not fit; the server's.
    pub(super) async fn close(&mut self) -> Result<(), Fault> {
        self.send().await?;
        self.end().await
    }

    async fn send(&mut self) -> Result<(), Fault> {
        let length = self.piece.len() - 4;
        if length == 0 {
            return Ok(());
        }
        match self.recipe.style {
            Style::File => {
                self.begin().await?;
                let dialogue = self.session.dialogue()?;
                let sent = within(&self.recipe.doing, dialogue.channel.send(&mut self.piece)).await?;
                sent.map_err(|error| errors::fault(&self.recipe.doing, &error))?;
                self.piece.truncate(4);
                let total = self.open.unwrap_or(0) + length;
                self.open = Some(total);
                if total >= FILE {
                    self.end().await?;
                }
            }
            Style::Insert => {
                let mut statement = self.recipe.statement.clone().into_bytes();
                statement.extend_from_slice(&self.piece[4..]);
                self.piece.truncate(4);
                // Every value was text, or digits.
                let statement = String::from_utf8(statement)
                    .map_err(|_| Fault::new(Code::Internal, "an INSERT that is not UTF-8"))?;
                self.session.set_running(true);
                let doing = self.recipe.doing.clone();
                let answer = within(&doing, self.session.run(&doing, &statement)).await??;
                self.session.set_running(false);
                warnings::check(&mut self.session, &doing, answer.done.warnings).await?;
            }
        }
        self.bytes.fetch_add(length as u64, Ordering::Relaxed);
        Ok(())
    }

    /// Opens a file, if none is open.
    async fn begin(&mut self) -> Result<(), Fault> {
        if self.open.is_some() {
            return Ok(());
        }
        self.session.set_running(true);
        let dialogue = self.session.dialogue()?;
        let begun = within(&self.recipe.doing, dialogue.load(&self.recipe.statement)).await?;
        begun.map_err(|error| errors::fault(&self.recipe.doing, &error))?;
        self.open = Some(0);
        Ok(())
    }

    /// Ends the file that is open.
    async fn end(&mut self) -> Result<(), Fault> {
        if self.open.take().is_none() {
            return Ok(());
        }
        let dialogue = self.session.dialogue()?;
        let ended = within(&self.recipe.doing, dialogue.loaded()).await?;
        let done = ended.map_err(|error| errors::fault(&self.recipe.doing, &error))?;
        self.session.set_running(false);
        warnings::check(&mut self.session, &self.recipe.doing, done.warnings).await
    }

    /// Runs a statement between files.
    ///
    /// # Errors
    /// The server's.
    pub(super) async fn run(&mut self, statement: &str) -> Result<(), Fault> {
        let doing = self.recipe.doing.clone();
        self.session.run(&doing, statement).await.map(drop)
    }

    /// Forgets rows that were not sent.
    pub(super) fn discard(&mut self) {
        self.piece.truncate(4);
    }
}

async fn within<T>(doing: &str, work: impl Future<Output = T>) -> Result<T, Fault> {
    tokio::time::timeout(STALL, work).await.map_err(|_| {
        let text = format!("{doing}: the server took nothing for {} s", STALL.as_secs());
        Fault::new(Code::StoreUnreachable, text)
    })
}
