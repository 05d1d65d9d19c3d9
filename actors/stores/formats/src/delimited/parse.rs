//! One record out of bytes.

use super::dialect::{Dialect, RowEnd};

/// A record, taken apart. Kept from one to the next, so that no memory is asked for.
#[derive(Debug, Default)]
pub(super) struct Record {
    bytes: Vec<u8>,
    fields: Vec<Field>,
}

#[derive(Clone, Copy, Debug)]
struct Field {
    end: usize,
    quoted: bool,
}

impl Record {
    pub(super) fn len(&self) -> usize {
        self.fields.len()
    }

    /// Bytes of all fields.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// A field's text, and whether it was quoted.
    pub(super) fn field(&self, index: usize) -> (&[u8], bool) {
        let start = index.checked_sub(1).map_or(0, |before| self.fields[before].end);
        let field = self.fields[index];
        (&self.bytes[start..field.end], field.quoted)
    }

    /// Whether it is an empty line.
    pub(super) fn is_blank(&self) -> bool {
        matches!(self.fields[..], [Field { end: 0, quoted: false }])
    }

    fn end_field(&mut self, quoted: bool) {
        self.fields.push(Field {
            end: self.bytes.len(),
            quoted,
        });
    }
}

/// What was found at the beginning of the bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// A record of this many bytes, its end included.
    Record(usize),
    /// The record goes on behind these bytes.
    More,
    /// Nothing: the file is over.
    End,
}

/// What follows a field.
enum After {
    Delimiter(usize),
    Row(usize),
    End,
    More,
    Other,
}

impl Dialect {
    /// Takes the record at the beginning of `input` apart. `last`: nothing follows `input`.
    pub(super) fn parse(&self, input: &[u8], last: bool, record: &mut Record) -> Result<Parsed, &'static str> {
        record.bytes.clear();
        record.fields.clear();
        if input.is_empty() {
            return Ok(if last { Parsed::End } else { Parsed::More });
        }
        let mut at = 0;
        loop {
            let quoted = self.quote.is_some() && input.get(at).copied() == self.quote;
            let ended = if quoted {
                self.quoted(input, at + 1, last, record)?
            } else {
                self.unquoted(input, at, last, record)
            };
            let Some(end) = ended else {
                return Ok(Parsed::More);
            };
            record.end_field(quoted);
            match self.after(input, end, last) {
                After::Delimiter(length) => at = end + length,
                After::Row(length) => return Ok(Parsed::Record(end + length)),
                After::End => return Ok(Parsed::Record(end)),
                After::More => return Ok(Parsed::More),
                After::Other => return Err("there is text behind a closing quote"),
            }
            if at == input.len() && !last {
                return Ok(Parsed::More);
            }
        }
    }

    /// From behind the opening quote to behind the closing one.
    fn quoted(
        &self,
        input: &[u8],
        mut at: usize,
        last: bool,
        record: &mut Record,
    ) -> Result<Option<usize>, &'static str> {
        let special = |byte: &u8| Some(*byte) == self.quote || Some(*byte) == self.escape;
        loop {
            let Some(run) = input[at..].iter().position(special) else {
                return if last { Err("a quote is not closed") } else { Ok(None) };
            };
            record.bytes.extend_from_slice(&input[at..at + run]);
            at += run;
            let byte = input[at];
            let next = input.get(at + 1);
            if next.is_none() && !last {
                return Ok(None);
            }
            if Some(byte) == self.quote {
                // A doubled quote is one, whatever the escape: nothing else can follow a closing quote.
                match next {
                    Some(&next) if Some(next) == self.quote => record.bytes.push(byte),
                    _ => return Ok(Some(at + 1)),
                }
                at += 2;
            } else {
                match next {
                    Some(next) if special(next) => {
                        record.bytes.push(*next);
                        at += 2;
                    }
                    // Before anything else an escape stands for itself.
                    _ => {
                        record.bytes.push(byte);
                        at += 1;
                    }
                }
            }
        }
    }

    fn unquoted(&self, input: &[u8], mut at: usize, last: bool, record: &mut Record) -> Option<usize> {
        loop {
            let run = input[at..].iter().position(|byte| self.stops[usize::from(*byte)]);
            let Some(run) = run else {
                record.bytes.extend_from_slice(&input[at..]);
                return last.then_some(input.len());
            };
            record.bytes.extend_from_slice(&input[at..at + run]);
            at += run;
            if self.quote.is_none() && Some(input[at]) == self.escape {
                let next = input.get(at + 1);
                if next.is_none() && !last {
                    return None;
                }
                match next {
                    Some(next) if self.stops[usize::from(*next)] || matches!(next, b'\r' | b'\n') => {
                        record.bytes.push(*next);
                        at += 2;
                    }
                    _ => {
                        record.bytes.push(input[at]);
                        at += 1;
                    }
                }
                continue;
            }
            match self.after(input, at, last) {
                After::Other => {
                    // The first byte of a longer delimiter, and no delimiter.
                    record.bytes.push(input[at]);
                    at += 1;
                }
                After::More => return None,
                _ => return Some(at),
            }
        }
    }

    fn after(&self, input: &[u8], at: usize, last: bool) -> After {
        let rest = &input[at..];
        if rest.is_empty() {
            return if last { After::End } else { After::More };
        }
        let mark = |mark: &[u8]| {
            let common = rest.len().min(mark.len());
            match rest[..common] == mark[..common] {
                true if common == mark.len() => Some(true),
                true if !last => Some(false),
                _ => None,
            }
        };
        match mark(&self.delimiter) {
            Some(true) => return After::Delimiter(self.delimiter.len()),
            Some(false) => return After::More,
            None => {}
        }
        match &self.row_end {
            RowEnd::Exactly(end) => match mark(end) {
                Some(true) => After::Row(end.len()),
                Some(false) => After::More,
                None => After::Other,
            },
            RowEnd::Any => match (rest[0], rest.get(1)) {
                (b'\n', _) => After::Row(1),
                (b'\r', Some(b'\n')) => After::Row(2),
                (b'\r', None) if !last => After::More,
                (b'\r', _) => After::Row(1),
                _ => After::Other,
            },
        }
    }
}
