//! From bytes to JSON, and from a place in the JSON back to line and column.

mod decode;
mod path;
mod place;
mod relaxed;

pub use path::{Path, Step};
pub use place::Place;

pub(crate) use place::locate;

use serde_json::Value;
use sluice_contract::{Code, Fault};

/// A file's text as strict JSON, line by line as it was written, and what it says.
pub(crate) struct Parsed {
    pub(crate) text: String,
    pub(crate) value: Value,
}

/// Reads JSON that may have a byte order mark, comments and commas behind a last member.
///
/// # Errors
/// [`Code::BadJson`] with line and column; [`Code::FileUnreadable`] when it is no text.
pub(crate) fn parse(bytes: &[u8]) -> Result<Parsed, Fault> {
    let text = relaxed::strict(&decode::decode(bytes)?);
    let value = serde_json::from_str(&text).map_err(|error| {
        let place = place::of_bytes(&text, error.line(), error.column());
        let cause = error.to_string();
        // The position is said once, in characters.
        let cause = cause
            .rsplit_once(" at line ")
            .map_or(cause.as_str(), |(cause, _)| cause);
        Fault::new(Code::BadJson, format!("{place}: {cause}"))
    })?;
    Ok(Parsed { text, value })
}
