//! From UTF-8 to bytes.

use super::Charset;
use encoding_rs::{EncoderResult, Encoding};
use std::borrow::Cow;

impl Charset {
    /// What a written file begins with.
    pub(crate) fn mark(&self) -> &'static [u8] {
        match self {
            Self::Utf8 { mark: true } => b"\xEF\xBB\xBF",
            Self::Utf16 { big: false } => b"\xFF\xFE",
            Self::Utf16 { big: true } => b"\xFE\xFF",
            Self::Utf32 { big: false } => b"\xFF\xFE\0\0",
            Self::Utf32 { big: true } => b"\0\0\xFE\xFF",
            Self::Utf8 { mark: false } | Self::Bytes(_) | Self::Many(_) => b"",
        }
    }

    /// A text in this encoding.
    ///
    /// # Errors
    /// The character that it does not have, or that would be read as another.
    pub(crate) fn encode<'a>(&self, text: &'a str) -> Result<Cow<'a, [u8]>, char> {
        let bytes = match self {
            Self::Utf8 { .. } => return Ok(Cow::Borrowed(text.as_bytes())),
            Self::Utf16 { big } => {
                let bytes = |unit: u16| if *big { unit.to_be_bytes() } else { unit.to_le_bytes() };
                text.encode_utf16().flat_map(bytes).collect()
            }
            Self::Utf32 { big } => {
                let bytes = |char| {
                    let number = u32::from(char);
                    if *big {
                        number.to_be_bytes()
                    } else {
                        number.to_le_bytes()
                    }
                };
                text.chars().flat_map(bytes).collect()
            }
            Self::Bytes(table) => {
                let byte = |char| table.bytes.get(&char).copied().ok_or(char);
                text.chars().map(byte).collect::<Result<Vec<u8>, char>>()?
            }
            Self::Many(encoding) => many(encoding, text)?,
        };
        Ok(Cow::Owned(bytes))
    }
}

fn many(encoding: &'static Encoding, text: &str) -> Result<Vec<u8>, char> {
    let mut encoder = encoding.new_encoder();
    let (mut bytes, mut used) = (Vec::new(), 0);
    loop {
        let end = bytes.len();
        let room = encoder.max_buffer_length_from_utf8_without_replacement(text.len() - used);
        bytes.resize(end + room.unwrap_or(text.len()).max(16), 0);
        let (result, read, written) =
            encoder.encode_from_utf8_without_replacement(&text[used..], &mut bytes[end..], true);
        bytes.truncate(end + written);
        used += read;
        match result {
            EncoderResult::InputEmpty => break,
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(char) => return Err(char),
        }
    }
    // Some of these encodings write two characters as the same bytes, such as the yen sign and the backslash.
    let back = encoding.decode_without_bom_handling_and_without_replacement(&bytes);
    let back = back.as_deref().unwrap_or_default();
    if back == text {
        return Ok(bytes);
    }
    let differs = text.chars().zip(back.chars()).find(|(a, b)| a != b);
    Err(differs.map_or('\u{fffd}', |(char, _)| char))
}
