//! The few things of SQL's grammar that matter to whoever passes statements on: where one ends, and where a parameter stands.

/// What is particular to a store's SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Dollar quotes, nested comments, `E'..'`.
    Postgres,
    /// Backticks, backslashes in texts, `#` comments, `--` only before white space.
    MySql,
    /// Backticks and brackets around names.
    Sqlite,
    /// Brackets around names, nested comments.
    SqlServer,
}

impl Dialect {
    fn nests_comments(self) -> bool {
        matches!(self, Self::Postgres | Self::SqlServer)
    }

    fn has_brackets(self) -> bool {
        matches!(self, Self::Sqlite | Self::SqlServer)
    }

    fn has_backticks(self) -> bool {
        matches!(self, Self::MySql | Self::Sqlite)
    }
}

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    /// A literal, a quoted name or a comment: nothing in it means anything.
    Opaque(usize, usize),
    /// `;`.
    End(usize),
    /// `@name`, `:name` or `$name` with the sign.
    Named(usize, usize),
    /// Anything else.
    Other,
}

/// The statements of a text. Those that hold nothing but white space and comments are left out.
pub fn split(text: &str, dialect: Dialect) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut from, mut something) = (0, false);
    scan(text, dialect, |at, piece| match piece {
        Piece::End(end) => {
            if something {
                found.push(text[from..end].trim());
            }
            (from, something) = (end + 1, false);
        }
        Piece::Opaque(start, end) => something |= !is_comment(&text[start..end]),
        Piece::Named(..) => something = true,
        Piece::Other => something |= !text[at..].starts_with(char::is_whitespace),
    });
    if something {
        found.push(text[from..].trim());
    }
    found
}

/// A query without what may stand behind it: semicolons and comments. So it can be put into another one. A text of several
/// statements, or of none, stays as it is: the server says what it thinks of it.
pub fn single(text: &str, dialect: Dialect) -> &str {
    let (mut end, mut ended, mut more) = (0, false, false);
    scan(text, dialect, |at, piece| {
        let to = match piece {
            Piece::End(_) => {
                ended = true;
                return;
            }
            Piece::Opaque(start, to) if is_passed_over(&text[start..to], dialect) => return,
            Piece::Opaque(_, to) | Piece::Named(_, to) => to,
            Piece::Other => match text[at..].chars().next() {
                Some(c) if !c.is_whitespace() => at + c.len_utf8(),
                _ => return,
            },
        };
        more |= ended;
        end = to;
    });
    match more || end == 0 {
        true => text.trim(),
        false => text[..end].trim_start(),
    }
}

/// Whether it is a comment that says nothing to the server, and is not cut off.
fn is_passed_over(text: &str, dialect: Dialect) -> bool {
    if !text.starts_with("/*") {
        return is_comment(text);
    }
    // MySQL runs what stands in such a comment.
    let runs = dialect == Dialect::MySql && (text.starts_with("/*!") || text.starts_with("/*M!"));
    !runs && text.len() >= 4 && text.ends_with("*/")
}

/// The text with a value in place of every parameter that `value` knows, outside of literals and comments.
pub fn substitute(text: &str, dialect: Dialect, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    scan(text, dialect, |_, piece| {
        if let Piece::Named(start, end) = piece
            && let Some(value) = value(&text[start + 1..end])
        {
            out.push_str(&text[from..start]);
            out.push_str(&value);
            from = end;
        }
    });
    out.push_str(&text[from..]);
    out
}

fn is_comment(text: &str) -> bool {
    text.starts_with("--") || text.starts_with("/*") || text.starts_with('#')
}

fn scan(text: &str, dialect: Dialect, mut tell: impl FnMut(usize, Piece)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text[at..];
        let before = text[..at].chars().next_back();
        let end = match bytes[at] {
            b'\'' => {
                let escapes = dialect == Dialect::MySql || dialect == Dialect::Postgres && is_prefixed(&text[..at]);
                Some(quoted(text, at, b'\'', escapes))
            }
            b'"' => Some(quoted(text, at, b'"', dialect == Dialect::MySql)),
            b'`' if dialect.has_backticks() => Some(quoted(text, at, b'`', false)),
            b'[' if dialect.has_brackets() => Some(bracketed(text, at, dialect)),
            b'-' if begins_line_comment(rest, dialect) => Some(line(text, at)),
            b'#' if dialect == Dialect::MySql => Some(line(text, at)),
            b'/' if rest.starts_with("/*") => Some(comment(text, at, dialect.nests_comments())),
            b'$' if dialect == Dialect::Postgres && !before.is_some_and(is_word) => dollar(text, at),
            _ => None,
        };
        if let Some(end) = end {
            tell(at, Piece::Opaque(at, end));
            at = end;
            continue;
        }
        let sign = matches!(bytes[at], b'@' | b':' | b'$');
        // `::type`, `@@variable` and `a:b` are no parameters.
        let alone = !before.is_some_and(|c| is_word(c) || c == ':' || c == '@');
        let name = rest[1.min(rest.len())..]
            .chars()
            .take_while(|c| is_word(*c))
            .map(char::len_utf8)
            .sum::<usize>();
        if bytes[at] == b';' {
            tell(at, Piece::End(at));
        } else if sign && alone && name > 0 {
            tell(at, Piece::Named(at, at + 1 + name));
            at += 1 + name;
            continue;
        } else {
            tell(at, Piece::Other);
        }
        at += rest.chars().next().map_or(1, char::len_utf8);
    }
}

/// `E` before a literal, and not the end of a word such as the type in `date'..'`.
fn is_prefixed(before: &str) -> bool {
    let word = before.strip_suffix(['e', 'E']);
    word.is_some_and(|rest| !rest.chars().next_back().is_some_and(|c| is_word(c) || c == '$'))
}

/// In MySQL `5--3` is a difference.
fn begins_line_comment(rest: &str, dialect: Dialect) -> bool {
    let Some(behind) = rest.strip_prefix("--") else {
        return false;
    };
    let spaced = |c: char| c.is_whitespace() || c.is_control();
    dialect != Dialect::MySql || behind.chars().next().is_none_or(spaced)
}

/// The end of a name in brackets. SQL Server takes `]]` for a bracket in it.
fn bracketed(text: &str, at: usize, dialect: Dialect) -> usize {
    match dialect {
        Dialect::SqlServer => quoted(text, at, b']', false),
        _ => text[at..].find(']').map_or(text.len(), |end| at + end + 1),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The end of what is quoted from `at` on.
fn quoted(text: &str, at: usize, quote: u8, escapes: bool) -> usize {
    let bytes = text.as_bytes();
    let mut to = at + 1;
    while to < bytes.len() {
        match bytes[to] {
            b'\\' if escapes => to += 1,
            byte if byte == quote && bytes.get(to + 1) == Some(&quote) => to += 1,
            byte if byte == quote => return to + 1,
            _ => {}
        }
        to += 1;
    }
    bytes.len()
}

fn line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}

fn comment(text: &str, at: usize, nested: bool) -> usize {
    let bytes = text.as_bytes();
    let (mut to, mut depth) = (at + 2, 1);
    while to < bytes.len() {
        if bytes[to..].starts_with(b"*/") {
            depth -= 1;
            to += 2;
            if depth == 0 {
                return to;
            }
        } else if nested && bytes[to..].starts_with(b"/*") {
            depth += 1;
            to += 2;
        } else {
            to += 1;
        }
    }
    bytes.len()
}

/// The end of a dollar quote that begins at `at`, if one does.
fn dollar(text: &str, at: usize) -> Option<usize> {
    let tag_end = text[at + 1..].find('$')? + at + 2;
    let tag = &text[at..tag_end];
    let inner = &tag[1..tag.len() - 1];
    if !inner.chars().all(is_word) || inner.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    Some(
        text[tag_end..]
            .find(tag)
            .map_or(text.len(), |end| tag_end + end + tag.len()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_where_the_server_says() {
        let text = "SELECT ';' ; -- a; b\n; INSERT INTO \"a;b\" VALUES (E'\\';', $$;$$, $x$;$$;$x$); /* ; /* ; */ ; */ SELECT 1";
        let found = split(text, Dialect::Postgres);
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(found[0], "SELECT ';'");
        assert!(found[2].ends_with("SELECT 1"));
        let found = split("SELECT '\\';'; # a;\nSELECT `;` ;; SELECT \"\\\";\"", Dialect::MySql);
        assert_eq!(found, ["SELECT '\\';'", "# a;\nSELECT `;`", "SELECT \"\\\";\""]);
        assert!(split(" ; -- nothing\n;", Dialect::Postgres).is_empty());
    }

    #[test]
    fn a_query_loses_what_stands_behind_it() {
        for (text, query, dialects) in [
            (" select 1 ; ;; ", "select 1", "PMSQ"),
            ("select 1; -- done", "select 1", "PMSQ"),
            ("select 1 -- done;", "select 1", "PMSQ"),
            ("select 1; /* x */ ; -- y\n/* z */", "select 1", "PMSQ"),
            ("select 1 /* a /* b */ c; */;", "select 1", "PQ"),
            ("select 1 # done; really", "select 1", "M"),
            ("select 1 # 2", "select 1 # 2", "P"),
            ("/* a; */ select ';--' -- b", "/* a; */ select ';--'", "PMSQ"),
            ("select 'a''; -- b'; --", "select 'a''; -- b'", "PMSQ"),
            ("select \"a;\"\"--\"; --", "select \"a;\"\"--\"", "PMSQ"),
            ("select '\\'; --", "select '\\'", "PSQ"),
            ("select '\\'; --' ; -- x", "select '\\'; --'", "M"),
            ("select E'\\'; --' ; -- x", "select E'\\'; --'", "P"),
            ("select date'\\'; --' x", "select date'\\'", "P"),
            (
                "select $$; --$$ || $a$ $$;$a$; -- x",
                "select $$; --$$ || $a$ $$;$a$",
                "P",
            ),
            ("select `a;--`; -- x", "select `a;--`", "MS"),
            ("select [a;--]; -- x", "select [a;--]", "SQ"),
            ("select [a]];--]; -- x", "select [a]];--]", "Q"),
            ("select 5--3", "select 5--3", "M"),
            ("select 5--3", "select 5", "PSQ"),
            ("select 1 /*! + 1 */;", "select 1 /*! + 1 */", "M"),
            ("select @a; -- é", "select @a", "PMSQ"),
            // Not one statement: it is for the server to say so.
            ("select 1; select 2; --", "select 1; select 2; --", "PMSQ"),
            ("select 1 /* cut off", "select 1 /* cut off", "PMSQ"),
            ("select 'cut off; --", "select 'cut off; --", "PMSQ"),
            ("; -- x", "; -- x", "PMSQ"),
        ] {
            for (letter, dialect) in [
                ('P', Dialect::Postgres),
                ('M', Dialect::MySql),
                ('S', Dialect::Sqlite),
                ('Q', Dialect::SqlServer),
            ] {
                if dialects.contains(letter) {
                    assert_eq!(single(text, dialect), query, "{text} {dialect:?}");
                }
            }
        }
    }

    #[test]
    fn parameters_are_found_outside_of_texts_only() {
        let value = |name: &str| (name == "a").then(|| "'x;y'".to_owned());
        let text = "SELECT @a, ':a', b::a, @@a, :a -- @a\n, \"@a\", @other, $1, c.@a";
        assert_eq!(
            substitute(text, Dialect::Postgres, value),
            "SELECT 'x;y', ':a', b::a, @@a, 'x;y' -- @a\n, \"@a\", @other, $1, c.'x;y'"
        );
    }
}
