//! A user's script, inside the transaction that publishes.

use crate::session::Session;
use sluice_contract::{Code, Fault};

/// What a script may do. Anything else might commit by itself, as every change of a table's definition does in MySQL.
const ALLOWED: &[&str] = &["DELETE", "UPDATE", "INSERT", "REPLACE", "SELECT", "WITH", "SET", "DO"];

/// Takes a script apart.
///
/// # Errors
/// `SL6010` for a statement that may not be in it.
pub(super) fn statements(script: &str) -> Result<Vec<String>, Fault> {
    let mut found = Vec::new();
    for statement in split(script) {
        let refused = |why: &str| {
            let text = format!("preCopyScript runs inside the copy's transaction: {why}");
            Err(Fault::new(Code::QueryFailed, text))
        };
        // The server runs what stands in such a comment.
        if statement.contains("/*!") || statement.to_ascii_lowercase().contains("/*m!") {
            return refused("comments that are executed are not possible there");
        }
        let word = first_word(&statement).to_ascii_uppercase();
        if word.is_empty() {
            continue;
        }
        if !ALLOWED.contains(&word.as_str()) {
            let allowed = ALLOWED.join(", ");
            return refused(&format!(
                "{word} is not possible there, which are {allowed} (use DELETE, not TRUNCATE)"
            ));
        }
        if word == "SET" && sets_session(&statement) {
            return refused("SET is possible for variables of the form @name only");
        }
        found.push(statement);
    }
    Ok(found)
}

/// Runs statements.
///
/// # Errors
/// The server's.
pub(super) async fn run(session: &mut Session, statements: &[String]) -> Result<(), Fault> {
    for statement in statements {
        session.run("running preCopyScript", statement).await?;
    }
    Ok(())
}

/// Whether a SET touches more than a user's variable: `autocommit` would commit.
fn sets_session(statement: &str) -> bool {
    let at = statement.to_ascii_uppercase().find("SET").map_or(0, |at| at + 3);
    let rest = statement[at..].trim_start();
    !rest.starts_with('@') || rest.starts_with("@@") || rest.to_ascii_lowercase().contains("autocommit")
}

/// Statements between semicolons that stand in no quotes and no comments.
fn split(script: &str) -> Vec<String> {
    let mut statements = vec![String::new()];
    let mut rest = script;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '\'' | '"' | '`' => quoted(rest, c),
            '#' => line(rest),
            '-' if rest.starts_with("-- ") || rest.starts_with("--\t") || rest.starts_with("--\n") => line(rest),
            '/' if rest.starts_with("/*") => rest[2..].find("*/").map_or(rest.len(), |end| end + 4),
            ';' => {
                statements.push(String::new());
                rest = &rest[1..];
                continue;
            }
            c => c.len_utf8(),
        };
        if let Some(last) = statements.last_mut() {
            last.push_str(&rest[..taken]);
        }
        rest = &rest[taken..];
    }
    statements
}

/// The length of a quoted text. A backslash takes the next character with it, but in backticks.
fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote != '`' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn line(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// The first word behind spaces, comments and parentheses.
fn first_word(text: &str) -> &str {
    let mut rest = text.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
    loop {
        let behind = match () {
            () if rest.starts_with('#') || rest.starts_with("--") => rest.split_once('\n').map(|(_, behind)| behind),
            () if rest.starts_with("/*") => rest.split_once("*/").map(|(_, behind)| behind),
            () => break,
        };
        rest = behind
            .unwrap_or_default()
            .trim_start_matches(|c: char| c.is_whitespace() || c == '(');
    }
    let end = rest
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(rest.len());
    &rest[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_taken_apart() {
        let script = "DELETE FROM t WHERE a = ';''\\';' -- no; end\n; # x;\nUPDATE `a;b` SET c = \"d;\" /* e; */;;";
        let found = statements(script).unwrap();
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("DELETE") && found[1].trim_start().starts_with("# x;"));
        assert_eq!(statements(" ; -- \n").unwrap(), Vec::<String>::new());
        assert_eq!(statements("SET @a = 1; SELECT @a").unwrap().len(), 2);
    }

    #[test]
    fn nothing_ends_the_transaction() {
        for script in [
            "COMMIT",
            "DELETE FROM t; TRUNCATE TABLE t",
            "/* x */ ROLLBACK",
            "DELETE FROM t /*!; COMMIT */",
            "SET autocommit = 1",
            "SET @a = 1, autocommit = 1",
            "SET @@autocommit = 1",
            "CALL p()",
            "BEGIN",
            "(COMMIT)",
            "--\nCOMMIT",
            "DROP TABLE t",
        ] {
            assert_eq!(statements(script).unwrap_err().code, Code::QueryFailed, "{script}");
        }
    }
}
