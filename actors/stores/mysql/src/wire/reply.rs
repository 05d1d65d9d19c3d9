//! Commands, and what the server answers.

use super::bytes::Bytes;
use super::{Channel, Definition, WireError};

/// The end of a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    /// Rows that were changed.
    pub(crate) affected: u64,
    /// Warnings and notes.
    pub(crate) warnings: u16,
    /// Another result of the same statement follows.
    pub(crate) more: bool,
}

/// A status: another result follows.
const MORE_RESULTS: u16 = 0x0008;

/// What a statement's answer is made of.
pub(crate) enum Heard<'a> {
    /// A result begins.
    Columns(Vec<Definition>),
    /// A row of it, as texts.
    Row(Vec<Option<&'a [u8]>>),
    /// A result, or a statement without one, is done.
    Done(Done),
}

/// A row of texts.
pub(crate) type TextRow = Vec<Option<String>>;

/// What a statement gave.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) done: Done,
    pub(crate) rows: Vec<TextRow>,
}

/// A statement that the server has prepared.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub(crate) id: u32,
    pub(crate) parameters: u16,
    pub(crate) columns: Vec<Definition>,
}

/// What begins an answer.
enum Head {
    Done(Done),
    /// The server wants a file.
    File,
    Columns(u64),
}

const QUERY: u8 = 0x03;
const PREPARE: u8 = 0x16;
const EXECUTE: u8 = 0x17;
const QUIT: u8 = 0x01;

/// A packet's room for its header, and a command.
fn command(code: u8, rest: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(5 + rest.len());
    packet.extend_from_slice(&[0; 4]);
    packet.push(code);
    packet.extend_from_slice(rest);
    packet
}

/// Reads an OK packet, its first byte included.
pub(crate) fn done(packet: &[u8]) -> Result<Done, WireError> {
    let mut rest = Bytes(packet);
    rest.u8()?;
    let affected = rest.number()?;
    let _last_id = rest.number()?;
    let status = rest.u16()?;
    let warnings = rest.u16()?;
    Ok(Done {
        affected,
        warnings,
        more: status & MORE_RESULTS != 0,
    })
}

/// The exchanges of a session that is logged in.
pub(crate) struct Dialogue {
    pub(crate) channel: Channel,
    /// Results end with an OK packet and not with an EOF packet.
    pub(crate) ends_with_ok: bool,
}

impl Dialogue {
    async fn command(&mut self, code: u8, rest: &[u8]) -> Result<(), WireError> {
        self.channel.begin();
        self.channel.send(&mut command(code, rest)).await
    }

    /// Says goodbye.
    ///
    /// # Errors
    /// When the connection is broken already.
    pub(crate) async fn quit(&mut self) -> Result<(), WireError> {
        self.command(QUIT, &[]).await
    }

    async fn head(&mut self) -> Result<Head, WireError> {
        let packet = self.channel.receive().await?;
        match packet.first() {
            Some(0x00) => Ok(Head::Done(done(packet)?)),
            Some(0xff) => Err(WireError::of_packet(packet)),
            Some(0xfb) => Ok(Head::File),
            Some(_) => Ok(Head::Columns(Bytes(packet).number()?)),
            None => Err(WireError::Malformed("an empty answer")),
        }
    }

    async fn definitions(&mut self, count: u64) -> Result<Vec<Definition>, WireError> {
        let mut columns = Vec::new();
        for _ in 0..count {
            columns.push(Definition::read(self.channel.receive().await?)?);
        }
        if count > 0 && !self.ends_with_ok {
            self.channel.receive().await?;
        }
        Ok(columns)
    }

    /// Runs a statement, and collects its rows as texts: for short answers only.
    ///
    /// # Errors
    /// The server's.
    pub(crate) async fn query(&mut self, statement: &str) -> Result<Answer, WireError> {
        self.command(QUERY, statement.as_bytes()).await?;
        match self.head().await? {
            Head::Done(done) => Ok(Answer { done, rows: Vec::new() }),
            Head::File => {
                // Nobody but the sink sends files, by another road: an empty one ends the exchange.
                self.channel.send(&mut [0; 4]).await?;
                self.head().await?;
                Err(WireError::Malformed("the server asked for a file"))
            }
            Head::Columns(count) => {
                let columns = self.definitions(count).await?;
                let mut rows = Vec::new();
                loop {
                    let packet = self.channel.receive().await?;
                    if let Some(done) = end(packet, self.ends_with_ok)? {
                        return Ok(Answer { done, rows });
                    }
                    rows.push(text_row(packet, columns.len())?);
                }
            }
        }
    }

    /// Runs a statement and tells everything that comes back, until `hear` has heard enough: then the session is of no more
    /// use.
    ///
    /// # Errors
    /// The server's.
    pub(crate) async fn run(
        &mut self,
        statement: &str,
        mut hear: impl FnMut(Heard<'_>) -> bool,
    ) -> Result<(), WireError> {
        self.command(QUERY, statement.as_bytes()).await?;
        loop {
            let done = match self.head().await? {
                Head::Done(done) => done,
                Head::File => {
                    self.channel.send(&mut [0; 4]).await?;
                    self.head().await?;
                    return Err(WireError::Malformed("the server asked for a file"));
                }
                Head::Columns(count) => {
                    let columns = self.definitions(count).await?;
                    let width = columns.len();
                    let mut goes_on = hear(Heard::Columns(columns));
                    loop {
                        let packet = self.channel.receive().await?;
                        if let Some(done) = end(packet, self.ends_with_ok)? {
                            break done;
                        }
                        goes_on = goes_on && hear(Heard::Row(fields(packet, width)?));
                        if !goes_on {
                            return Ok(());
                        }
                    }
                }
            };
            if !hear(Heard::Done(done)) || !done.more {
                return Ok(());
            }
        }
    }

    /// Has the server read a statement without running it.
    ///
    /// # Errors
    /// The server's.
    pub(crate) async fn prepare(&mut self, statement: &str) -> Result<Prepared, WireError> {
        self.command(PREPARE, statement.as_bytes()).await?;
        let packet = self.channel.receive().await?;
        let mut rest = Bytes(packet);
        if rest.u8()? == 0xff {
            return Err(WireError::of_packet(packet));
        }
        let id = rest.u32()?;
        let (columns, parameters) = (rest.u16()?, rest.u16()?);
        self.definitions(parameters.into()).await?;
        let columns = self.definitions(columns.into()).await?;
        Ok(Prepared {
            id,
            parameters,
            columns,
        })
    }

    /// Runs a prepared statement without parameters; its rows follow in the binary form. None when it gives no rows.
    ///
    /// # Errors
    /// The server's.
    pub(crate) async fn execute(&mut self, id: u32) -> Result<Option<Vec<Definition>>, WireError> {
        let mut rest = id.to_le_bytes().to_vec();
        // No cursor; one run.
        rest.extend_from_slice(&[0, 1, 0, 0, 0]);
        self.command(EXECUTE, &rest).await?;
        match self.head().await? {
            Head::Done(_) => Ok(None),
            Head::File => Err(WireError::Malformed("a file was asked for by a prepared statement")),
            Head::Columns(count) => Ok(Some(self.definitions(count).await?)),
        }
    }

    /// Starts a `LOAD DATA LOCAL`: the file's pieces follow, each [sent](Channel::send), and an empty one ends it.
    ///
    /// # Errors
    /// The server's.
    pub(crate) async fn load(&mut self, statement: &str) -> Result<(), WireError> {
        self.command(QUERY, statement.as_bytes()).await?;
        match self.head().await? {
            Head::File => Ok(()),
            _ => Err(WireError::Malformed("LOAD DATA LOCAL did not ask for its file")),
        }
    }

    /// Ends the file.
    ///
    /// # Errors
    /// The server's.
    pub(crate) async fn loaded(&mut self) -> Result<Done, WireError> {
        self.channel.send(&mut [0; 4]).await?;
        match self.head().await? {
            Head::Done(done) => Ok(done),
            _ => Err(WireError::Malformed("LOAD DATA LOCAL did not end")),
        }
    }
}

/// Whether a packet is no row but the end of the result.
///
/// # Errors
/// The server's, when the result ends with one.
pub(crate) fn end(packet: &[u8], ends_with_ok: bool) -> Result<Option<Done>, WireError> {
    match packet.first() {
        Some(0xff) => Err(WireError::of_packet(packet)),
        Some(0xfe) if ends_with_ok && packet.len() < 0xff_ffff => done(packet).map(Some),
        Some(0xfe) if !ends_with_ok && packet.len() < 9 => {
            let mut rest = Bytes(packet);
            rest.u8()?;
            Ok(Some(Done {
                affected: 0,
                warnings: rest.u16()?,
                more: rest.u16()? & MORE_RESULTS != 0,
            }))
        }
        _ => Ok(None),
    }
}

fn text_row(packet: &[u8], columns: usize) -> Result<TextRow, WireError> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let row = fields(packet, columns)?;
    Ok(row.into_iter().map(|field| field.map(text)).collect())
}

fn fields(packet: &[u8], columns: usize) -> Result<Vec<Option<&[u8]>>, WireError> {
    let mut rest = Bytes(packet);
    let mut row = Vec::with_capacity(columns);
    for _ in 0..columns {
        row.push(match rest.0.first() {
            Some(0xfb) => {
                rest.u8()?;
                None
            }
            _ => Some(rest.counted()?),
        });
    }
    Ok(row)
}
