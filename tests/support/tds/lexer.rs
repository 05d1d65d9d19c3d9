//! T-SQL as words.

use super::tokens::SqlError;

/// A word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// A name or keyword as written, without its quotes.
    Name(String, bool),
    /// A string literal's content.
    Text(String),
    /// A number, a variable, a sign.
    Sign(String),
}

impl Word {
    /// Whether it is this keyword or sign.
    pub(super) fn is(&self, text: &str) -> bool {
        match self {
            Self::Name(name, false) => name.eq_ignore_ascii_case(text),
            Self::Sign(sign) => sign == text,
            _ => false,
        }
    }

    /// The name, quoted or not.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name, _) => Some(name),
            _ => None,
        }
    }

    /// For SQLite.
    pub(super) fn sqlite(&self) -> String {
        match self {
            Self::Name(name, true) => format!("\"{}\"", name.replace('"', "\"\"")),
            Self::Name(name, false) => name.clone(),
            Self::Text(text) => format!("'{}'", text.replace('\'', "''")),
            Self::Sign(sign) => sign.clone(),
        }
    }
}

/// Takes a batch apart.
pub(super) fn words(sql: &str) -> Result<Vec<Word>, SqlError> {
    let mut found = Vec::new();
    let chars: Vec<char> = sql.chars().collect();
    let mut at = 0;
    let open = || SqlError::new(105, 15, "Unclosed quotation mark after the character string.");
    while at < chars.len() {
        let c = chars[at];
        let next = chars.get(at + 1).copied();
        match c {
            c if c.is_whitespace() => at += 1,
            '-' if next == Some('-') => {
                while at < chars.len() && chars[at] != '\n' {
                    at += 1;
                }
            }
            '/' if next == Some('*') => {
                while at + 1 < chars.len() && !(chars[at] == '*' && chars[at + 1] == '/') {
                    at += 1;
                }
                at += 2;
            }
            '\'' => found.push(Word::Text(quoted(&chars, &mut at, '\'').ok_or_else(open)?)),
            'N' | 'n' if next == Some('\'') => {
                at += 1;
                found.push(Word::Text(quoted(&chars, &mut at, '\'').ok_or_else(open)?));
            }
            '"' => found.push(Word::Name(quoted(&chars, &mut at, '"').ok_or_else(open)?, true)),
            '[' => found.push(Word::Name(quoted(&chars, &mut at, ']').ok_or_else(open)?, true)),
            c if c.is_alphabetic() || c == '_' || c == '#' => {
                let start = at;
                while at < chars.len() && (chars[at].is_alphanumeric() || matches!(chars[at], '_' | '#' | '$' | '@')) {
                    at += 1;
                }
                found.push(Word::Name(chars[start..at].iter().collect(), false));
            }
            '0' if matches!(next, Some('x' | 'X')) => {
                let start = at + 2;
                at = start;
                while at < chars.len() && chars[at].is_ascii_hexdigit() {
                    at += 1;
                }
                let digits: String = chars[start..at].iter().collect();
                found.push(Word::Sign(format!("x'{digits}'")));
            }
            c if c.is_ascii_digit() || c == '@' => {
                let start = at;
                at += 1;
                let number = c.is_ascii_digit();
                while at < chars.len() {
                    let exponent = number && matches!(chars[at], '+' | '-') && matches!(chars[at - 1], 'e' | 'E');
                    if !exponent && !chars[at].is_alphanumeric() && !matches!(chars[at], '.' | '_' | '@' | '$') {
                        break;
                    }
                    at += 1;
                }
                found.push(Word::Sign(chars[start..at].iter().collect()));
            }
            c => {
                let two: String = [Some(c), next].into_iter().flatten().collect();
                if matches!(two.as_str(), "<>" | "<=" | ">=" | "!=" | "||") {
                    at += 2;
                    found.push(Word::Sign(two));
                } else {
                    at += 1;
                    found.push(Word::Sign(c.to_string()));
                }
            }
        }
    }
    Ok(found)
}

/// The content of a quoted piece whose quote doubles to escape itself.
fn quoted(chars: &[char], at: &mut usize, close: char) -> Option<String> {
    let mut text = String::new();
    *at += 1;
    loop {
        let c = *chars.get(*at)?;
        *at += 1;
        if c == close {
            if chars.get(*at) == Some(&close) {
                *at += 1;
            } else {
                return Some(text);
            }
        }
        text.push(c);
    }
}

/// What a statement may begin with.
const STARTS: [&str; 19] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "DROP",
    "TRUNCATE",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "EXEC",
    "EXECUTE",
    "WAITFOR",
    "USE",
    "PRINT",
    "RAISERROR",
    "THROW",
    "MERGE",
    "IF",
];

/// Takes a batch's words apart into statements: at semicolons, and where `SET` statements end without one.
pub(super) fn statements(words: Vec<Word>) -> Vec<Vec<Word>> {
    let mut all = vec![Vec::new()];
    let mut depth = 0;
    for word in words {
        if word.is("(") {
            depth += 1;
        } else if word.is(")") {
            depth -= 1;
        }
        let last = all.len() - 1;
        if word.is(";") && depth == 0 {
            all.push(Vec::new());
            continue;
        }
        let current: &Vec<Word> = &all[last];
        let first = current.first();
        let is_set = first.is_some_and(|first| first.is("SET"));
        let starts = STARTS.iter().any(|start| word.is(start)) || word.is("SET");
        let select = first.is_some_and(|first| first.is("SELECT"));
        // "SET TRANSACTION" and "SET NOCOUNT ON" take words that begin no statement; a SELECT has no SET, nor a transaction.
        let breaks = depth == 0
            && ((is_set && starts)
                || (select
                    && (word.is("SET")
                        || word.is("INSERT")
                        || word.is("DROP")
                        || word.is("COMMIT")
                        || word.is("ROLLBACK")))
                || (first.is_some_and(|f| f.is("BEGIN") || f.is("COMMIT") || f.is("ROLLBACK") || f.is("USE"))
                    && starts));
        if breaks {
            all.push(vec![word]);
        } else {
            all[last].push(word);
        }
    }
    all.retain(|statement| !statement.is_empty());
    all
}
