//! One event is one line. What others have named (a user at a login, a pipeline, a node) stands in the log with everything
//! escaped that would begin another line, or paint over one.

use std::borrow::Cow;
use std::fmt::Write;

/// What the line is written as.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form {
    /// Escape sequences are the subscriber's own: it colours, and has escaped those of others.
    pub(super) escapes: bool,
    /// An object of JSON, in which a character is escaped as JSON does.
    pub(super) json: bool,
}

/// The event as one line, with one line end.
pub(super) fn one_line(event: &str, form: Form) -> Cow<'_, str> {
    let body = event.strip_suffix('\n').unwrap_or(event);
    let bad = |c: char| garbles(c) && !(form.escapes && c == '\u{1b}');
    if !body.contains(bad) {
        return match body.len() == event.len() {
            true => Cow::Owned(format!("{body}\n")),
            false => Cow::Borrowed(event),
        };
    }
    let mut line = String::with_capacity(event.len() + 16);
    for c in body.chars() {
        // Writing to a text does not fail. All of these are of two bytes in UTF-16 at most.
        match (bad(c), form.json) {
            (false, _) => line.push(c),
            (true, true) => {
                let _ = write!(line, "\\u{:04x}", u32::from(c));
            }
            (true, false) => line.extend(c.escape_default()),
        }
    }
    line.push('\n');
    Cow::Owned(line)
}

/// What somebody else has named, so that it can be shown on a terminal in one line.
pub(crate) fn on_one_line(text: &str) -> Cow<'_, str> {
    match text.contains(garbles) {
        false => Cow::Borrowed(text),
        true => Cow::Owned(
            text.chars()
                .flat_map(|c| match garbles(c) {
                    true => c.escape_default().collect::<Vec<_>>(),
                    false => vec![c],
                })
                .collect(),
        ),
    }
}

/// Control characters, other line ends, and what turns the direction of writing around.
fn garbles(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Form = Form {
        escapes: false,
        json: false,
    };

    #[test]
    fn whatever_is_in_an_event_stays_on_its_line() {
        for (event, line) in [
            ("a b\n", "a b\n"),
            ("a b", "a b\n"),
            ("é \u{1f980}\n", "é \u{1f980}\n"),
            ("a\nb\r\tc\n", "a\\nb\\r\\tc\n"),
            ("a\u{1b}[2Kb\n", "a\\u{1b}[2Kb\n"),
            ("a\u{85}b\u{2028}c\u{202e}d\n", "a\\u{85}b\\u{2028}c\\u{202e}d\n"),
        ] {
            assert_eq!(one_line(event, PLAIN), line);
        }
    }

    #[test]
    fn a_coloured_line_keeps_its_colours_and_nothing_else() {
        let form = Form {
            escapes: true,
            json: false,
        };
        assert_eq!(one_line("\u{1b}[2ma\u{1b}[0m\nb\n", form), "\u{1b}[2ma\u{1b}[0m\\nb\n");
    }

    #[test]
    fn an_object_stays_json() {
        let form = Form {
            escapes: false,
            json: true,
        };
        let line = one_line("{\"a\":\"\u{9b}2K\u{2028}\"}\n", form);
        assert_eq!(line, "{\"a\":\"\\u009b2K\\u2028\"}\n");
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["a"], "\u{9b}2K\u{2028}");
    }
}
