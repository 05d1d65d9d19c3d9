//! From the pieces of a text COPY to lines of delimited text.
//!
//! The server makes texts of values at about the price of its binary form, and most of them are what the sink would write: they are
//! copied, and no array is made of them.

mod calendar;
mod field;
#[cfg(test)]
mod tests;

use super::message::Messages;
use super::{MAX_BYTES, damaged};
use crate::types::Wire;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
pub(crate) use field::Kind;
use field::{Look, Made, Put};
use sluice_contract::{Code, Fault};
use sluice_store_core::hash::ValueHasher;
use sluice_store_core::{Bare, LineForm, NativeChunk};
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// A chunk is handed on when it has grown to this.
const CHUNK: usize = 512 * 1024;

/// Makes lines of a stream.
pub(crate) struct Liner {
    messages: Messages,
    /// A row that is not whole yet. Servers send whole rows; whoever stands between may cut them.
    carry: Vec<u8>,
    rows: Rows,
    ready: VecDeque<NativeChunk>,
}

impl Liner {
    /// For a stream of these columns; none when one of them is not read as text.
    pub(crate) fn new(schema: SchemaRef, wires: &[Wire], form: Arc<dyn LineForm>) -> Option<Self> {
        let kinds: Vec<Kind> = wires.iter().map(|wire| Kind::of(*wire)).collect::<Option<_>>()?;
        Some(Self {
            messages: Messages::default(),
            carry: Vec::new(),
            rows: Rows::new(schema, kinds, form),
            ready: VecDeque::new(),
        })
    }

    /// Takes the next piece of the stream: `CopyData` messages, cut anywhere.
    ///
    /// # Errors
    /// `SL6011`, naming the column where one is at fault.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<(), Fault> {
        let Self {
            messages,
            carry,
            rows,
            ready,
        } = self;
        messages.push(piece, |buffer, content| match content {
            Some(content) => take(carry, rows, &buffer[content]),
            None => Ok(()),
        })?;
        if rows.out.len() >= CHUNK {
            ready.extend(rows.chunk());
        }
        Ok(())
    }

    /// The stream is over: what is left becomes the last chunk.
    ///
    /// # Errors
    /// `SL6011` when it broke off.
    pub(crate) fn finish(&mut self) -> Result<(), Fault> {
        self.messages.finish()?;
        if !self.carry.is_empty() {
            return Err(damaged("it broke off within a row"));
        }
        self.ready.extend(self.rows.chunk());
        Ok(())
    }

    /// The next finished chunk.
    pub(crate) fn next(&mut self) -> Option<NativeChunk> {
        self.ready.pop_front()
    }
}

fn take(carry: &mut Vec<u8>, rows: &mut Rows, content: &[u8]) -> Result<(), Fault> {
    if carry.is_empty() {
        let used = rows.append(content)?;
        carry.extend_from_slice(&content[used..]);
    } else {
        carry.extend_from_slice(content);
        let used = rows.append(carry)?;
        carry.drain(..used);
    }
    match carry.len() > MAX_BYTES {
        true => Err(damaged("a row is longer than 1 GiB")),
        false => Ok(()),
    }
}

/// The lines of a chunk, and what they are made with.
struct Rows {
    schema: SchemaRef,
    kinds: Vec<Kind>,
    form: Arc<dyn LineForm>,
    delimiter: Vec<u8>,
    row_end: Vec<u8>,
    null: Vec<u8>,
    quotes_all: bool,
    plain: bool,
    classes: Box<[u8; 256]>,
    hasher: ValueHasher,
    out: Vec<u8>,
    rows: usize,
    total: u64,
    /// Where in the row what is passed over at once has its tabs.
    cuts: Vec<usize>,
    made: Made,
    bare: Vec<u8>,
}

impl Rows {
    fn new(schema: SchemaRef, kinds: Vec<Kind>, form: Arc<dyn LineForm>) -> Self {
        Self {
            schema,
            delimiter: form.delimiter().to_vec(),
            row_end: form.row_end().to_vec(),
            null: form.null().to_vec(),
            quotes_all: form.quotes_all(),
            plain: form.is_plain(),
            classes: field::classes(form.as_ref()),
            hasher: ValueHasher::new(kinds.len()),
            kinds,
            form,
            out: Vec::new(),
            rows: 0,
            total: 0,
            cuts: Vec::new(),
            made: Made {
                text: Vec::new(),
                bare: Bare::Date(0),
            },
            bare: Vec::new(),
        }
    }

    /// Appends the rows that end in the text; says how much of it they are.
    fn append(&mut self, text: &[u8]) -> Result<usize, Fault> {
        // What is escaped has no line end: each ends a row.
        let Some(end) = text.iter().rposition(|byte| *byte == b'\n') else {
            return Ok(0);
        };
        if self.out.capacity() == 0 {
            // A piece more is added before the chunk is handed on.
            self.out.reserve(2 * CHUNK);
        }
        let text = &text[..=end];
        let mut at = 0;
        while at < text.len() {
            at = self.row(text, at)?;
            self.rows += 1;
            self.total += 1;
        }
        Ok(text.len())
    }

    /// Appends the row that begins there; says where the next one does.
    fn row(&mut self, text: &[u8], start: usize) -> Result<usize, Fault> {
        let look = Look {
            classes: &self.classes,
            null: &self.null,
            quotes_all: self.quotes_all,
        };
        // What is passed on at once begins at `from`.
        let (mut at, mut from) = (start, start);
        let last = self.kinds.len() - 1;
        for (index, kind) in self.kinds.iter().enumerate() {
            let (length, cell, put) = field::read(*kind, &text[at..], &look, &mut self.made)
                .map_err(|why| wrong(&self.schema, index, self.total, &why))?;
            self.hasher.cell(cell);
            let field = at..at + length;
            at = field.end;
            let ends = if index == last { b'\n' } else { b'\t' };
            if text.get(at) != Some(&ends) {
                return Err(damaged(
                    "a row has another number of fields than columns, or a field of another form",
                ));
            }
            if put != Put::Same || (!self.plain && *kind != Kind::Text) {
                pass(
                    &mut self.out,
                    &text[from..field.start],
                    from,
                    &mut self.cuts,
                    &self.delimiter,
                );
                from = field.end;
                let (out, form) = (&mut self.out, self.form.as_ref());
                let bare = |out: &mut Vec<u8>| match put {
                    Put::Bare => form.bare(self.made.bare, out),
                    Put::True => out.extend_from_slice(b"true"),
                    Put::False => out.extend_from_slice(b"false"),
                    _ => out.extend_from_slice(&text[Range::clone(&field)]),
                };
                match put {
                    Put::Null => out.extend_from_slice(&self.null),
                    Put::Text => form.text(&text[Range::clone(&field)], out),
                    Put::Unescaped => form.text(&self.made.text, out),
                    _ if self.plain => bare(out),
                    _ => {
                        self.bare.clear();
                        bare(&mut self.bare);
                        form.text(&self.bare, out);
                    }
                }
            }
            if index < last {
                self.cuts.push(at);
                at += 1;
            }
        }
        pass(&mut self.out, &text[from..at], from, &mut self.cuts, &self.delimiter);
        self.out.extend_from_slice(&self.row_end);
        self.hasher.end_row();
        Ok(at + 1)
    }

    fn chunk(&mut self) -> Option<NativeChunk> {
        let rows = std::mem::take(&mut self.rows);
        (rows > 0).then(|| NativeChunk {
            bytes: Bytes::from(std::mem::take(&mut self.out)),
            rows,
            hash: self.hasher.take(),
        })
    }
}

/// Appends fields as they are, with the sink's delimiter for the tabs at `cuts`, which are counted as `from` is.
#[inline]
fn pass(out: &mut Vec<u8>, fields: &[u8], from: usize, cuts: &mut Vec<usize>, delimiter: &[u8]) {
    if let [one] = *delimiter {
        let begin = out.len();
        out.extend_from_slice(fields);
        for cut in cuts.drain(..) {
            out[begin + cut - from] = one;
        }
        return;
    }
    let mut done = 0;
    for cut in cuts.drain(..) {
        out.extend_from_slice(&fields[done..cut - from]);
        out.extend_from_slice(delimiter);
        done = cut - from + 1;
    }
    out.extend_from_slice(&fields[done..]);
}

fn wrong(schema: &SchemaRef, column: usize, rows: u64, why: &str) -> Fault {
    let (name, row) = (schema.field(column).name(), rows + 1);
    let text = format!("column {name:?} holds {why} (row {row} of its partition)");
    Fault::new(Code::DataInvalid, text)
}
