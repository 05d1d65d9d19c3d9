//! From bytes to UTF-8.

use super::Charset;
use encoding_rs::{Decoder, DecoderResult};
use std::io::{self, Read};

/// What one read asks for.
const CHUNK: usize = 256 << 10;

/// A file's text as UTF-8, without its byte order mark.
pub(crate) struct Decoded<'a> {
    input: Box<dyn Read + 'a>,
    charset: Charset,
    decoder: Option<Decoder>,
    /// Bytes that are read and not decoded yet: less than one character.
    raw: Vec<u8>,
    /// Bytes decoded so far, for messages.
    at: u64,
    began: bool,
    ended: bool,
}

/// The encoding whose byte order mark these bytes begin with, where they cannot be UTF-8.
fn marked(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        // That of UTF-32 begins with it; a text that begins with a NUL is none.
        [0xFF, 0xFE, 0, ..] => Some("UTF-32"),
        [0xFF, 0xFE, ..] => Some("UTF-16"),
        [0xFE, 0xFF, ..] => Some("UTF-16BE"),
        _ => None,
    }
}

impl<'a> Decoded<'a> {
    pub(crate) fn new(input: Box<dyn Read + 'a>, charset: &Charset) -> Self {
        let decoder = match charset {
            Charset::Many(encoding) => Some(encoding.new_decoder_without_bom_handling()),
            _ => None,
        };
        Self {
            input,
            charset: charset.clone(),
            decoder,
            raw: Vec::new(),
            at: 0,
            began: false,
            ended: false,
        }
    }

    /// Appends some text; false at the end. UTF-8 is appended as it is, and not checked.
    ///
    /// # Errors
    /// The reader's, and for bytes that mean no character.
    pub(crate) fn read_into(&mut self, text: &mut Vec<u8>) -> io::Result<bool> {
        let start = text.len();
        // Enough for a byte order mark.
        while text.len() < start + 3 && !self.ended {
            self.some(text)?;
            if self.began {
                break;
            }
        }
        if !self.began {
            self.began = true;
            if let (Charset::Utf8 { .. }, Some(other)) = (&self.charset, marked(&text[start..])) {
                let text = format!(
                    "byte 1: the file begins with the byte order mark of {other} and is read as UTF-8: set the dataset's \
                     `encodingName` to {other}"
                );
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
            if text[start..].starts_with("\u{feff}".as_bytes()) {
                text.drain(start..start + 3);
            }
            return Ok(text.len() > start || !self.ended);
        }
        Ok(!self.ended)
    }

    fn some(&mut self, text: &mut Vec<u8>) -> io::Result<()> {
        if matches!(self.charset, Charset::Utf8 { .. }) {
            let end = text.len();
            text.resize(end + CHUNK, 0);
            let read = self.input.read(&mut text[end..]);
            text.truncate(end + *read.as_ref().unwrap_or(&0));
            self.ended = read? == 0;
            return Ok(());
        }
        let kept = self.raw.len();
        self.raw.resize(kept + CHUNK, 0);
        let read = self.input.read(&mut self.raw[kept..]);
        self.raw.truncate(kept + *read.as_ref().unwrap_or(&0));
        self.ended = read? == 0;
        let raw = std::mem::take(&mut self.raw);
        let used = self.decode(&raw, text)?;
        self.at += used as u64;
        self.raw = raw;
        self.raw.drain(..used);
        if self.ended && !self.raw.is_empty() {
            return Err(self.wrong(0));
        }
        Ok(())
    }

    /// Decodes whole characters; how many bytes they were.
    fn decode(&mut self, raw: &[u8], text: &mut Vec<u8>) -> io::Result<usize> {
        match &mut self.charset {
            Charset::Utf8 { .. } => Ok(0),
            Charset::Utf16 { big } => {
                if self.at == 0 {
                    // A byte order mark knows better.
                    *big = raw.starts_with(&[0xFE, 0xFF]) || (*big && !raw.starts_with(&[0xFF, 0xFE]));
                }
                utf16(raw, *big, text).map_err(|used| self.wrong(used))
            }
            Charset::Utf32 { big } => {
                if self.at == 0 {
                    *big = raw.starts_with(&[0, 0, 0xFE, 0xFF]) || (*big && !raw.starts_with(&[0xFF, 0xFE, 0, 0]));
                }
                utf32(raw, *big, text).map_err(|used| self.wrong(used))
            }
            Charset::Bytes(table) => {
                text.reserve(raw.len());
                for (index, byte) in raw.iter().enumerate() {
                    match table.chars[usize::from(*byte)] {
                        Some(char) if char.is_ascii() => text.push(*byte),
                        Some(char) => text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
                        None => return Err(self.wrong(index)),
                    }
                }
                Ok(raw.len())
            }
            Charset::Many(_) => self.many(raw, text),
        }
    }

    fn many(&mut self, raw: &[u8], text: &mut Vec<u8>) -> io::Result<usize> {
        let last = self.ended;
        let Some(decoder) = &mut self.decoder else {
            return Ok(raw.len());
        };
        let mut used = 0;
        loop {
            let end = text.len();
            let room = decoder.max_utf8_buffer_length_without_replacement(raw.len() - used);
            text.resize(end + room.unwrap_or(CHUNK * 4).max(16), 0);
            let (result, read, written) =
                decoder.decode_to_utf8_without_replacement(&raw[used..], &mut text[end..], last);
            text.truncate(end + written);
            used += read;
            match result {
                DecoderResult::InputEmpty => return Ok(used),
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(_, _) => return Err(self.wrong(used.saturating_sub(1))),
            }
        }
    }

    fn wrong(&self, behind: usize) -> io::Error {
        let text = format!(
            "byte {} is no character of the encoding {}; see the dataset's `encodingName`",
            self.at + behind as u64 + 1,
            self.charset.name()
        );
        io::Error::new(io::ErrorKind::InvalidData, text)
    }
}

fn push(text: &mut Vec<u8>, char: char) {
    text.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Bytes used; or where it goes wrong.
fn utf16(raw: &[u8], big: bool, text: &mut Vec<u8>) -> Result<usize, usize> {
    let unit = |at: usize| -> Option<u16> {
        let pair = [*raw.get(at)?, *raw.get(at + 1)?];
        Some(if big {
            u16::from_be_bytes(pair)
        } else {
            u16::from_le_bytes(pair)
        })
    };
    let mut at = 0;
    while let Some(first) = unit(at) {
        let (char, size) = match first {
            0xD800..=0xDBFF => {
                let Some(second) = unit(at + 2) else { break };
                let pair = char::decode_utf16([first, second]).next();
                (pair.and_then(Result::ok).ok_or(at)?, 4)
            }
            _ => (char::from_u32(u32::from(first)).ok_or(at)?, 2),
        };
        push(text, char);
        at += size;
    }
    Ok(at)
}

fn utf32(raw: &[u8], big: bool, text: &mut Vec<u8>) -> Result<usize, usize> {
    let mut at = 0;
    while let Some(four) = raw.get(at..at + 4) {
        let four = [four[0], four[1], four[2], four[3]];
        let number = if big {
            u32::from_be_bytes(four)
        } else {
            u32::from_le_bytes(four)
        };
        push(text, char::from_u32(number).ok_or(at)?);
        at += 4;
    }
    Ok(at)
}
