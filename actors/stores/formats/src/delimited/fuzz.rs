//! The same text in one piece and in many is the same records.

use super::dialect::Dialect;
use super::parse::{Parsed, Record, Wrong};
use serde_json::{Value, json};
use sluice_contract::Object;
use std::sync::OnceLock;

/// A record's fields, each with whether it was quoted; or what is wrong, with how far the line goes.
type Found = Vec<Result<Vec<(Vec<u8>, bool)>, usize>>;

fn dialects() -> &'static [Dialect] {
    static DIALECTS: OnceLock<Vec<Dialect>> = OnceLock::new();
    DIALECTS.get_or_init(|| {
        let options = [
            json!({}),
            json!({"escapeChar": "\""}),
            json!({"quoteChar": "'", "columnDelimiter": "|", "nullValue": "N"}),
            json!({"columnDelimiter": "\u{e4}", "rowDelimiter": "\r\n"}),
            json!({"quoteChar": "", "nullValue": "\\N"}),
            json!({"quoteChar": "", "columnDelimiter": "||", "rowDelimiter": "<end>"}),
            json!({"columnDelimiter": "a|", "rowDelimiter": "ab\r", "quoteChar": "'", "escapeChar": "'"}),
            json!({"columnDelimiter": "", "rowDelimiter": "\n"}),
        ];
        let read = |options: &Value| options.as_object().and_then(|o| Dialect::read(o, &Object::new()).ok());
        options.iter().filter_map(read).collect()
    })
}

/// The first byte chooses the dialect, the second the size of the pieces.
pub(crate) fn records(bytes: &[u8]) {
    let [dialect, piece, text @ ..] = bytes else { return };
    let dialects = dialects();
    assert_eq!(dialects.len(), 8, "every dialect is one");
    let dialect = &dialects[usize::from(*dialect) % dialects.len()];
    let whole = take(dialect, text, text.len().max(1));
    let pieces = take(dialect, text, usize::from(*piece).max(1));
    assert_eq!(whole, pieces);
}

/// Takes a text apart of which ever more is there.
fn take(dialect: &Dialect, text: &[u8], piece: usize) -> Found {
    let (mut found, mut record) = (Vec::new(), Record::default());
    let (mut from, mut to) = (0, piece.min(text.len()));
    loop {
        let (there, last) = (&text[from..to], to == text.len());
        match dialect.parse(there, last, &mut record) {
            Ok(Parsed::End) => return found,
            Ok(Parsed::Record(length)) => {
                assert!(length > 0 && length <= there.len());
                let fields = (0..record.len()).map(|index| record.field(there, index));
                found.push(Ok(fields.map(|(bytes, quoted)| (bytes.to_vec(), quoted)).collect()));
                from += length;
            }
            Err(Wrong::Open) => {
                found.push(Err(there.len()));
                return found;
            }
            Err(Wrong::BehindQuote(at)) => match dialect.line_end(there, at, last) {
                Some(end) => {
                    found.push(Err(end));
                    from += end;
                }
                None => to = (to + piece).min(text.len()),
            },
            Ok(Parsed::More) => {
                assert!(!last, "more is asked for where there is none");
                to = (to + piece).min(text.len());
            }
        }
    }
}
