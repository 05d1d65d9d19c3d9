//! Bytes to text: what editors and PowerShell on Windows write.

use sluice_contract::{Code, Fault};

/// UTF-8 with or without a byte order mark, or UTF-16 with one.
pub(super) fn decode(bytes: &[u8]) -> Result<String, Fault> {
    let units = |from: fn([u8; 2]) -> u16| -> Option<Vec<u16>> {
        let pairs = bytes[2..].chunks_exact(2);
        pairs
            .remainder()
            .is_empty()
            .then(|| pairs.map(|pair| from([pair[0], pair[1]])).collect())
    };
    let text = match bytes {
        [0xFF, 0xFE, ..] => units(u16::from_le_bytes).and_then(|units| String::from_utf16(&units).ok()),
        [0xFE, 0xFF, ..] => units(u16::from_be_bytes).and_then(|units| String::from_utf16(&units).ok()),
        [0xEF, 0xBB, 0xBF, rest @ ..] => std::str::from_utf8(rest).ok().map(str::to_owned),
        _ => std::str::from_utf8(bytes).ok().map(str::to_owned),
    };
    text.ok_or_else(|| {
        Fault::new(
            Code::FileUnreadable,
            "it is neither UTF-8 nor UTF-16 with a byte order mark",
        )
    })
}
