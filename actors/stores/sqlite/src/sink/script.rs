//! A user's script, inside the transaction that publishes.

use crate::errors;
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::{Batch, Transaction};
use sluice_contract::{Code, Fault};

/// Statements that would end the transaction, or make another.
const FORBIDDEN: &[&str] = &[
    "BEGIN",
    "COMMIT",
    "END",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
    "ATTACH",
    "DETACH",
    "VACUUM",
];

/// Runs a script, statement by statement.
///
/// # Errors
/// `SL6010` when it does not parse or would end the transaction; other `SL60xx`.
pub(crate) fn run(transaction: &Transaction<'_>, script: &str) -> Result<(), Fault> {
    let failed = |error| errors::fault("running preCopyScript", &error);
    let mut statements = Batch::new(transaction, script);
    while let Some(mut statement) = statements.next().map_err(failed)? {
        let text = statement.expanded_sql().unwrap_or_default();
        let word = first_word(&text).to_ascii_uppercase();
        if FORBIDDEN.contains(&word.as_str()) {
            let text = format!("preCopyScript runs inside the copy's transaction: {word} is not possible there");
            return Err(Fault::new(Code::QueryFailed, text));
        }
        let mut rows = statement.raw_query();
        while rows.next().map_err(failed)?.is_some() {}
    }
    Ok(())
}

/// The first word behind spaces and comments.
fn first_word(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        let behind = match () {
            () if rest.starts_with("--") => rest.split_once('\n').map(|(_, behind)| behind),
            () if rest.starts_with("/*") => rest.split_once("*/").map(|(_, behind)| behind),
            () => break,
        };
        rest = behind.unwrap_or_default().trim_start();
    }
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    &rest[..end]
}

#[cfg(test)]
mod tests {
    use super::first_word;

    #[test]
    fn comments_hide_nothing() {
        for text in [
            "COMMIT",
            " \n-- a\n--b\n COMMIT;",
            "/* x */ /* COM */COMMIT",
            "COMMIT/**/TRANSACTION",
        ] {
            assert_eq!(first_word(text), "COMMIT");
        }
        for text in ["", "--", "/* never closed", "1"] {
            assert_eq!(first_word(text), "");
        }
    }
}
