//! Rows on their way into a table: by `LOAD DATA LOCAL`, or by `INSERT` where the server does not allow that.

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

/// Bytes that a packet's header takes.
const HEADER: usize = 4;

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
    /// For the target's columns in a table: the staging table, or the target itself.
    pub(super) fn new(target: &Target, table: &TableName, limits: &Limits) -> Self {
        let encodings = target.columns.iter().map(|column| Encoding {
            name: column.source.clone(),
            output: column.fit.output,
            required: column.required,
        });
        let style = if limits.local_files { Style::File } else { Style::Insert };
        Self {
            encodings: encodings.collect(),
            statement: match style {
                Style::File => load(target, table),
                Style::Insert => format!("INSERT INTO {} ({}) VALUES ", table.quoted(), target.list()),
            },
            style,
            doing: format!("writing to {table}"),
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

/// Rows on their way into pieces of the file, or of an `INSERT`.
pub(super) struct Pen {
    encodings: Arc<[Encoding]>,
    style: Style,
    /// A piece is full from here on.
    limit: usize,
    /// Begins with room for a packet's header.
    pub(super) piece: Vec<u8>,
}

impl Pen {
    pub(super) fn new(recipe: &Recipe) -> Self {
        Self {
            encodings: recipe.encodings.clone(),
            style: recipe.style,
            limit: match recipe.style {
                Style::File => PIECE,
                Style::Insert => recipe.insert_bytes,
            },
            piece: vec![0; HEADER],
        }
    }

    /// How many columns a batch has to have.
    pub(super) fn columns(&self) -> usize {
        self.encodings.len()
    }

    /// Appends the rows from `next` on. True when the piece is full, false when no rows are left.
    ///
    /// # Errors
    /// `SL6007`; `SL6011` for a value that does not fit.
    pub(super) fn fill(&mut self, batch: &Unpacked, next: &mut usize) -> Result<bool, Fault> {
        let rows = Rows::new(batch, &self.encodings, self.style)?;
        while *next < batch.rows() {
            if self.style == Style::Insert && self.piece.len() > HEADER {
                self.piece.push(b',');
            }
            rows.write(*next, &mut self.piece)?;
            *next += 1;
            if self.piece.len() >= self.limit {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The rows of a batch that cannot be written, each with what is wrong.
    ///
    /// # Errors
    /// `SL6007`, `SL6012` when the whole batch cannot.
    fn unwritable(&self, batch: &RecordBatch) -> Result<Vec<(usize, Fault)>, Fault> {
        let unpacked = Unpacked::of(batch, self.columns())?;
        let rows = Rows::new(&unpacked, &self.encodings, self.style)?;
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
}

/// A session that takes pieces.
pub(super) struct Line {
    pub(super) session: Session,
    /// What begins every statement.
    statement: String,
    style: Style,
    doing: String,
    bytes: Arc<AtomicU64>,
    /// Bytes of the file that is open.
    open: Option<usize>,
    /// Rows that the server says it has taken.
    pub(super) taken: u64,
}

impl Line {
    pub(super) fn new(session: Session, recipe: &Recipe, bytes: Arc<AtomicU64>) -> Self {
        Self {
            session,
            statement: recipe.statement.clone(),
            style: recipe.style,
            doing: recipe.doing.clone(),
            bytes,
            open: None,
            taken: 0,
        }
    }

    /// Sends a piece, which is empty then.
    ///
    /// # Errors
    /// `SL6011` for a value that does not fit; the server's.
    pub(super) async fn send(&mut self, piece: &mut Vec<u8>) -> Result<(), Fault> {
        let length = piece.len() - HEADER;
        if length == 0 {
            return Ok(());
        }
        match self.style {
            Style::File => {
                self.begin().await?;
                let dialogue = self.session.dialogue()?;
                let sent = within(&self.doing, dialogue.channel.send(piece)).await?;
                sent.map_err(|error| errors::fault(&self.doing, &error))?;
                piece.truncate(HEADER);
                let total = self.open.unwrap_or(0) + length;
                self.open = Some(total);
                if total >= FILE {
                    self.end().await?;
                }
            }
            Style::Insert => {
                let mut statement = self.statement.clone().into_bytes();
                statement.extend_from_slice(&piece[HEADER..]);
                piece.truncate(HEADER);
                // Every value was text, or digits.
                let statement = String::from_utf8(statement)
                    .map_err(|_| Fault::new(Code::Internal, "an INSERT that is not UTF-8"))?;
                self.session.set_running(true);
                let answer = within(&self.doing, self.session.run(&self.doing, &statement)).await??;
                self.session.set_running(false);
                self.taken += answer.done.affected;
                warnings::check(&mut self.session, &self.doing, answer.done.warnings).await?;
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
        let begun = within(&self.doing, dialogue.load(&self.statement)).await?;
        begun.map_err(|error| errors::fault(&self.doing, &error))?;
        self.open = Some(0);
        Ok(())
    }

    /// Ends the file that is open.
    ///
    /// # Errors
    /// `SL6011` for a value that does not fit; the server's.
    pub(super) async fn end(&mut self) -> Result<(), Fault> {
        if self.open.take().is_none() {
            return Ok(());
        }
        let dialogue = self.session.dialogue()?;
        let ended = within(&self.doing, dialogue.loaded()).await?;
        let done = ended.map_err(|error| errors::fault(&self.doing, &error))?;
        self.session.set_running(false);
        self.taken += done.affected;
        warnings::check(&mut self.session, &self.doing, done.warnings).await
    }

    /// Runs a statement between files.
    ///
    /// # Errors
    /// The server's.
    pub(super) async fn run(&mut self, statement: &str) -> Result<(), Fault> {
        self.session.run(&self.doing, statement).await.map(drop)
    }
}

/// A session of one writer.
pub(super) struct Loader {
    line: Line,
    pen: Pen,
}

impl Loader {
    pub(super) fn new(session: Session, recipe: &Recipe, bytes: Arc<AtomicU64>) -> Self {
        Self {
            line: Line::new(session, recipe, bytes),
            pen: Pen::new(recipe),
        }
    }

    /// The rows of a batch that cannot be written, each with what is wrong.
    ///
    /// # Errors
    /// `SL6007`, `SL6012` when the whole batch cannot.
    pub(super) fn unwritable(&self, batch: &RecordBatch) -> Result<Vec<(usize, Fault)>, Fault> {
        self.pen.unwritable(batch)
    }

    /// Writes a batch. It may be with the server, or on its way, until [`Self::close`].
    ///
    /// # Errors
    /// `SL6011` for a value that does not fit; the server's.
    pub(super) async fn write(&mut self, batch: &RecordBatch) -> Result<(), Fault> {
        let batch = Unpacked::of(batch, self.pen.columns())?;
        let mut next = 0;
        while self.pen.fill(&batch, &mut next)? {
            self.line.send(&mut self.pen.piece).await?;
        }
        Ok(())
    }

    /// All rows are with the server, and it has taken every value as it is.
    ///
    /// # Errors
    /// `SL6011` for a value that does not fit; the server's.
    pub(super) async fn close(&mut self) -> Result<(), Fault> {
        self.line.send(&mut self.pen.piece).await?;
        self.line.end().await
    }

    /// Runs a statement between files.
    ///
    /// # Errors
    /// The server's.
    pub(super) async fn run(&mut self, statement: &str) -> Result<(), Fault> {
        self.line.run(statement).await
    }

    /// Forgets rows that were not sent.
    pub(super) fn discard(&mut self) {
        self.pen.piece.truncate(HEADER);
    }
}

async fn within<T>(doing: &str, work: impl Future<Output = T>) -> Result<T, Fault> {
    tokio::time::timeout(STALL, work).await.map_err(|_| {
        let text = format!("{doing}: the server took nothing for {} s", STALL.as_secs());
        Fault::new(Code::StoreUnreachable, text)
    })
}
