//! One record out of bytes.

use super::dialect::{Dialect, RowEnd};

/// A record, taken apart: where its fields lie in the bytes. Kept from one to the next, so that no memory is asked for.
#[derive(Debug, Default)]
pub(super) struct Record {
    fields: Vec<Field>,
    /// The text of fields that is not in the bytes as it is, for something was escaped.
    escaped: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Field {
    start: usize,
    end: usize,
    quoted: bool,
    escaped: bool,
}

impl Record {
    pub(super) fn len(&self) -> usize {
        self.fields.len()
    }

    /// A field's text, and whether it was quoted. `input` is what the record was taken from.
    pub(super) fn field<'a>(&'a self, input: &'a [u8], index: usize) -> (&'a [u8], bool) {
        let field = self.fields[index];
        let bytes = if field.escaped { &self.escaped } else { input };
        (&bytes[field.start..field.end], field.quoted)
    }

    /// Whether it is an empty line.
    pub(super) fn is_blank(&self) -> bool {
        matches!(self.fields[..], [Field { start, end, quoted: false, .. }] if start == end)
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

/// What is wrong with a record.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// There is text behind the closing quote before this byte. The row ends where its line ends.
    BehindQuote(usize),
    /// A quote is open where the file ends.
    Open,
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
    pub(super) fn parse(&self, input: &[u8], last: bool, record: &mut Record) -> Result<Parsed, Wrong> {
        record.escaped.clear();
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
            let ended = match self.after(input, end, last) {
                After::Delimiter(length) => {
                    at = end + length;
                    if at == input.len() && !last {
                        return Ok(Parsed::More);
                    }
                    continue;
                }
                After::Row(length) => end + length,
                After::End => end,
                After::More => return Ok(Parsed::More),
                After::Other => return Err(Wrong::BehindQuote(end)),
            };
            return Ok(Parsed::Record(ended));
        }
    }

    /// The end of the line that goes on at `at`, with its mark; none when it is not in `input`.
    pub(super) fn line_end(&self, input: &[u8], mut at: usize, last: bool) -> Option<usize> {
        loop {
            match self.after(input, at, last) {
                After::Row(length) => return Some(at + length),
                After::End => return Some(at),
                After::More => return None,
                After::Delimiter(length) => at += length,
                After::Other => at += 1,
            }
        }
    }

    /// From behind the opening quote to behind the closing one.
    fn quoted(&self, input: &[u8], mut at: usize, last: bool, record: &mut Record) -> Result<Option<usize>, Wrong> {
        let special = |byte: &u8| Some(*byte) == self.quote || Some(*byte) == self.escape;
        let (mut start, first) = (at, record.escaped.len());
        let mut escaped = false;
        loop {
            let Some(run) = input[at..].iter().position(special) else {
                return if last { Err(Wrong::Open) } else { Ok(None) };
            };
            at += run;
            let byte = input[at];
            let next = input.get(at + 1);
            if next.is_none() && !last {
                return Ok(None);
            }
            // A doubled quote is one, whatever the escape: nothing else can follow a closing quote.
            let doubled = Some(byte) == self.quote && next.copied() == self.quote;
            if Some(byte) == self.quote && !doubled {
                if escaped {
                    record.escaped.extend_from_slice(&input[start..at]);
                }
                let (start, end) = if escaped {
                    (first, record.escaped.len())
                } else {
                    (start, at)
                };
                record.fields.push(Field {
                    start,
                    end,
                    quoted: true,
                    escaped,
                });
                return Ok(Some(at + 1));
            }
            if doubled || next.is_some_and(special) {
                record.escaped.extend_from_slice(&input[start..at]);
                escaped = true;
                // What is escaped begins the next run.
                start = at + 1;
                at += 2;
            } else {
                // Before anything else an escape stands for itself.
                at += 1;
            }
        }
    }

    #[inline]
    fn unquoted(&self, input: &[u8], mut at: usize, last: bool, record: &mut Record) -> Option<usize> {
        let (mut start, first) = (at, record.escaped.len());
        let mut escaped = false;
        loop {
            let run = input[at..].iter().position(|byte| self.stops[usize::from(*byte)]);
            match run {
                Some(run) => at += run,
                None if last => at = input.len(),
                None => return None,
            }
            if self.quote.is_none() && input.get(at).copied() == self.escape && at < input.len() {
                let next = input.get(at + 1);
                if next.is_none() && !last {
                    return None;
                }
                match next {
                    Some(next) if self.stops[usize::from(*next)] || matches!(next, b'\r' | b'\n') => {
                        record.escaped.extend_from_slice(&input[start..at]);
                        escaped = true;
                        start = at + 1;
                        at += 2;
                    }
                    _ => at += 1,
                }
                continue;
            }
            match self.after(input, at, last) {
                // The first byte of a longer mark, and not the mark.
                After::Other => at += 1,
                After::More => return None,
                _ => break,
            }
        }
        if escaped {
            record.escaped.extend_from_slice(&input[start..at]);
        }
        let (start, end) = if escaped {
            (first, record.escaped.len())
        } else {
            (start, at)
        };
        record.fields.push(Field {
            start,
            end,
            quoted: false,
            escaped,
        });
        Some(at)
    }

    #[inline(always)]
    fn after(&self, input: &[u8], at: usize, last: bool) -> After {
        let rest = &input[at..];
        let Some(&byte) = rest.first() else {
            return if last { After::End } else { After::More };
        };
        if self.delimiter == [byte] {
            return After::Delimiter(1);
        }
        if !self.stops[usize::from(byte)] {
            return After::Other;
        }
        match starts(rest, &self.delimiter, last) {
            Some(true) => return After::Delimiter(self.delimiter.len()),
            Some(false) => return After::More,
            None => {}
        }
        match &self.row_end {
            RowEnd::Exactly(end) => match starts(rest, end, last) {
                Some(true) => After::Row(end.len()),
                Some(false) => After::More,
                None => After::Other,
            },
            RowEnd::Any => match (byte, rest.get(1)) {
                (b'\n', _) => After::Row(1),
                (b'\r', Some(b'\n')) => After::Row(2),
                (b'\r', None) if !last => After::More,
                (b'\r', _) => After::Row(1),
                _ => After::Other,
            },
        }
    }
}

/// Whether bytes begin with a mark; `Some(false)` when it may go on behind them. No mark is no beginning.
#[inline(always)]
fn starts(rest: &[u8], mark: &[u8], last: bool) -> Option<bool> {
    match mark {
        [] => None,
        [one] => (rest[0] == *one).then_some(true),
        _ => {
            let common = rest.len().min(mark.len());
            match rest[..common] == mark[..common] {
                true if common == mark.len() => Some(true),
                true if !last => Some(false),
                _ => None,
            }
        }
    }
}
