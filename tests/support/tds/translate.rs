//! The few forms of T-SQL that are used, as SQLite writes them.

use super::lexer::Word;
use super::types::SqlType;

/// A statement for SQLite.
#[derive(Debug, Default)]
pub(super) struct Translated {
    pub(super) sql: String,
    /// What is known of the result's columns from their expressions.
    pub(super) casts: Vec<Option<SqlType>>,
    /// The tables that are read or written, as `schema.table`.
    pub(super) tables: Vec<String>,
}

/// What is known of the database.
pub(super) struct Names<'a> {
    pub(super) schemas: &'a [String],
    pub(super) database: &'a str,
    /// Whether a transaction is open.
    pub(super) open: bool,
}

/// The words of one statement, for SQLite.
pub(super) fn statement(words: &[Word], names: &Names<'_>) -> Translated {
    let mut out = Translated {
        casts: casts(words),
        ..Translated::default()
    };
    let words = update_of_alias(tables(words, names, &mut out.tables));
    let (words, limit) = top(words);
    let words = functions(hints(words), names);
    let mut sql = String::new();
    for word in &words {
        sql.push_str(&word.sqlite());
        sql.push(' ');
    }
    if let Some(limit) = limit {
        sql.push_str(&format!("LIMIT {limit}"));
    }
    out.sql = sql;
    out
}

/// SQL Server sorts no derived tables, unless it is for a TOP.
pub(super) fn sorts_inside(words: &[Word]) -> bool {
    (0..words.len()).any(|at| {
        let select = words[at].is("(") && words.get(at + 1).is_some_and(|word| word.is("SELECT"));
        if !select {
            return false;
        }
        let inner = &words[at + 1..closing(words, at)];
        let mut depth = 0;
        let sorts = inner.iter().any(|word| {
            depth += i32::from(word.is("(")) - i32::from(word.is(")"));
            depth == 0 && word.is("ORDER")
        });
        sorts && !inner.get(1).is_some_and(|word| word.is("TOP"))
    })
}

/// `[schema].[table]` becomes one name; a bare table after a keyword that wants one is in `dbo`.
fn tables(words: &[Word], names: &Names<'_>, found: &mut Vec<String>) -> Vec<Word> {
    let known = |name: &str| names.schemas.iter().any(|schema| schema.eq_ignore_ascii_case(name));
    let mut out: Vec<Word> = Vec::new();
    let mut at = 0;
    let part = |at: usize| words.get(at).and_then(Word::name);
    let dot = |at: usize| words.get(at).is_some_and(|word| word.is("."));
    // Aliases of a FROM clause are no tables.
    let aliases: Vec<&str> = words
        .windows(2)
        .filter(|pair| pair[0].is("AS"))
        .filter_map(|pair| pair[1].name())
        .collect();
    while at < words.len() {
        let wants = out.last().is_some_and(|last| {
            ["FROM", "JOIN", "INTO", "UPDATE", "TABLE"]
                .iter()
                .any(|keyword| last.is(keyword))
                || (last.is("EXISTS") && out.len() > 2 && out[out.len() - 3].is("TABLE"))
        });
        if let (Some(first), true, Some(second)) = (part(at), dot(at + 1), part(at + 2)) {
            let (schema, table, used) = match (first == names.database && dot(at + 3), part(at + 4)) {
                (true, Some(table)) => (second, table, 5),
                _ => (first, second, 3),
            };
            if known(schema) {
                let name = format!("{}.{table}", schema.to_ascii_lowercase());
                found.push(name.clone());
                out.push(Word::Name(name, true));
                at += used;
                continue;
            }
        }
        if let (true, Some(name)) = (wants, part(at))
            && !words[at].is("IF")
            && !words[at].is("SELECT")
            && !dot(at + 1)
            && !(aliases.contains(&name) && words[at.saturating_sub(1)].is("UPDATE"))
        {
            let name = format!("dbo.{name}");
            found.push(name.clone());
            out.push(Word::Name(name, true));
            at += 1;
            continue;
        }
        out.push(words[at].clone());
        at += 1;
    }
    out
}

/// `UPDATE t SET .. FROM x AS t INNER JOIN y AS s ON c` becomes `UPDATE x AS t SET .. FROM y AS s WHERE c`.
fn update_of_alias(words: Vec<Word>) -> Vec<Word> {
    let is_update =
        words.first().is_some_and(|word| word.is("UPDATE")) && words.get(2).is_some_and(|word| word.is("SET"));
    let from = words.iter().position(|word| word.is("FROM"));
    let (true, Some(from)) = (is_update, from) else {
        return words;
    };
    let Some(alias) = words[1].name().map(str::to_owned) else {
        return words;
    };
    let words_of = hints(words[from..].to_vec());
    // FROM table AS alias INNER JOIN ..
    let (Some(table), Some(named)) = (words_of.get(1), words_of.get(3)) else {
        return words;
    };
    if named.name() != Some(&alias) {
        return words;
    }
    let mut out = vec![
        words[0].clone(),
        table.clone(),
        Word::Name("AS".into(), false),
        words[1].clone(),
    ];
    out.extend_from_slice(&words[2..from]);
    out.push(Word::Name("FROM".into(), false));
    let rest = words_of[4..].iter().skip_while(|word| !word.is("JOIN")).skip(1);
    let mut on = false;
    for word in rest {
        if word.is("ON") && !on {
            on = true;
            out.push(Word::Name("WHERE".into(), false));
        } else {
            out.push(word.clone());
        }
    }
    out
}

/// Takes `WITH (TABLOCK, ..)` and `OPTION (..)` away.
fn hints(words: Vec<Word>) -> Vec<Word> {
    const HINTS: [&str; 9] = [
        "NOLOCK",
        "HOLDLOCK",
        "TABLOCK",
        "TABLOCKX",
        "UPDLOCK",
        "ROWLOCK",
        "SERIALIZABLE",
        "READPAST",
        "XLOCK",
    ];
    let mut out = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let hint = words[at].is("WITH")
            && words.get(at + 1).is_some_and(|word| word.is("("))
            && words
                .get(at + 2)
                .is_some_and(|word| HINTS.iter().any(|hint| word.is(hint)));
        if hint || (words[at].is("OPTION") && words.get(at + 1).is_some_and(|word| word.is("("))) {
            at += words[at..].iter().position(|word| word.is(")")).unwrap_or(0) + 1;
            continue;
        }
        out.push(words[at].clone());
        at += 1;
    }
    out
}

/// `TOP n` becomes a limit at the end.
fn top(words: Vec<Word>) -> (Vec<Word>, Option<String>) {
    let Some(at) = words.iter().position(|word| word.is("TOP")) else {
        return (words, None);
    };
    // Only the outermost: inside of EXISTS it changes nothing.
    let depth = words[..at].iter().fold(0, |depth, word| {
        depth + i32::from(word.is("(")) - i32::from(word.is(")"))
    });
    let (from, to) = match words.get(at + 1) {
        Some(word) if word.is("(") => (at + 2, at + 4),
        _ => (at + 1, at + 2),
    };
    let limit = words.get(from).map(Word::sqlite);
    let mut out = words[..at].to_vec();
    out.extend_from_slice(&words[to.min(words.len())..]);
    (out, limit.filter(|_| depth == 0))
}

/// Functions that have another name, and casts.
fn functions(words: Vec<Word>, names: &Names<'_>) -> Vec<Word> {
    let sign = |text: &str| Word::Sign(text.to_owned());
    let mut out = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let word = &words[at];
        let call = words.get(at + 1).is_some_and(|next| next.is("("));
        let empty = call && words.get(at + 2).is_some_and(|next| next.is(")"));
        let name = match word {
            Word::Name(name, false) => name.to_ascii_uppercase(),
            Word::Sign(text) if text.starts_with("@@") => text.to_ascii_uppercase(),
            _ => String::new(),
        };
        if word.is("$") && words.get(at + 1).is_some_and(|next| next.is("PARTITION")) {
            // $PARTITION.[function]([column])
            let function = words.get(at + 3).and_then(Word::name).unwrap_or_default().to_owned();
            out.extend([
                Word::Name("tds_partition".into(), false),
                sign("("),
                Word::Text(function),
                sign(","),
            ]);
            at += 5;
            continue;
        }
        match name.as_str() {
            "CAST" | "TRY_CAST" if call => {
                let end = closing(&words, at + 1);
                if let Some(split) = as_of(&words[at + 2..end]) {
                    let inner = functions(words[at + 2..at + 2 + split].to_vec(), names);
                    let ty = words[at + 3 + split..end].iter().map(Word::sqlite).collect::<String>();
                    out.extend([Word::Name("tds_cast".into(), false), sign("(")]);
                    out.extend(inner);
                    out.extend([sign(","), Word::Text(ty), sign(")")]);
                    at = end + 1;
                    continue;
                }
            }
            "COUNT_BIG" if call => out.push(Word::Name("COUNT".into(), false)),
            "ISNULL" if call => out.push(Word::Name("IFNULL".into(), false)),
            "LEN" if call => out.push(Word::Name("length".into(), false)),
            "DATALENGTH" if call => out.push(Word::Name("length".into(), false)),
            "OBJECT_ID" if call => {
                let end = closing(&words, at + 1);
                let argument: Vec<Word> = words[at + 2..end]
                    .iter()
                    .take_while(|word| !word.is(","))
                    .cloned()
                    .collect();
                out.push(sign(
                    "(SELECT object_id FROM \"sys.objects\" WHERE qualified = tds_qualified(",
                ));
                out.extend(argument);
                out.push(sign("))"));
                at = end + 1;
                continue;
            }
            "SCHEMA_ID" if call => {
                let end = closing(&words, at + 1);
                out.push(sign("(SELECT schema_id FROM \"sys.schemas\" WHERE name = "));
                out.extend_from_slice(&words[at + 2..end]);
                out.push(sign(" COLLATE NOCASE)"));
                at = end + 1;
                continue;
            }
            "GETDATE" | "GETUTCDATE" | "SYSDATETIME" | "SYSUTCDATETIME" if empty => {
                out.push(sign("strftime('%Y-%m-%d %H:%M:%f', 'now')"));
                at += 3;
                continue;
            }
            "SYSDATETIMEOFFSET" if empty => {
                out.push(sign("(strftime('%Y-%m-%d %H:%M:%f', 'now') || ' +00:00')"));
                at += 3;
                continue;
            }
            "DB_ID" if empty => {
                out.push(sign("5"));
                at += 3;
                continue;
            }
            "DB_NAME" if empty => {
                out.push(Word::Text(names.database.to_owned()));
                at += 3;
                continue;
            }
            "SCHEMA_NAME" if empty => {
                out.push(Word::Text("dbo".into()));
                at += 3;
                continue;
            }
            "@@VERSION" => out.push(Word::Text("Sluice's TDS peer, which is not SQL Server".into())),
            // Bytes as hexadecimal digits: the only form that is used.
            "CONVERT" if call => {
                let end = closing(&words, at + 1);
                let inside = &words[at + 2..end];
                let mut depth = 0;
                let commas: Vec<usize> = (0..inside.len())
                    .filter(|index| {
                        let word = &inside[*index];
                        depth += i32::from(word.is("(")) - i32::from(word.is(")"));
                        depth == 0 && word.is(",")
                    })
                    .collect();
                if let [from, to] = commas[..] {
                    out.push(sign("('0x' || hex("));
                    out.extend_from_slice(&inside[from + 1..to]);
                    out.push(sign("))"));
                    at = end + 1;
                    continue;
                }
                out.push(word.clone());
            }
            "@@ROWCOUNT" => out.push(sign("changes()")),
            "DATEDIFF" if call => {
                // The part of a date is a word, and no column.
                out.extend([Word::Name("tds_datediff".into(), false), sign("(")]);
                out.push(Word::Text(
                    words
                        .get(at + 2)
                        .and_then(Word::name)
                        .unwrap_or_default()
                        .to_ascii_lowercase(),
                ));
                at += 3;
                continue;
            }
            "@@SPID" => out.push(sign("52")),
            "@@TRANCOUNT" => out.push(sign(if names.open { "1" } else { "0" })),
            _ => out.push(word.clone()),
        }
        at += 1;
    }
    out
}

/// Where the bracket that opens at `from` closes.
pub(super) fn closing(words: &[Word], from: usize) -> usize {
    let mut depth = 0;
    for (at, word) in words.iter().enumerate().skip(from) {
        depth += i32::from(word.is("(")) - i32::from(word.is(")"));
        if depth == 0 {
            return at;
        }
    }
    words.len()
}

/// Where `AS` stands outside of brackets.
fn as_of(words: &[Word]) -> Option<usize> {
    let mut depth = 0;
    words.iter().position(|word| {
        depth += i32::from(word.is("(")) - i32::from(word.is(")"));
        depth == 0 && word.is("AS")
    })
}

/// The types that the items of a select list say themselves.
fn casts(words: &[Word]) -> Vec<Option<SqlType>> {
    if !words.first().is_some_and(|word| word.is("SELECT")) {
        return Vec::new();
    }
    let mut items: Vec<Vec<&Word>> = vec![Vec::new()];
    let mut depth = 0;
    for word in &words[1..] {
        if depth == 0 && word.is("FROM") {
            break;
        }
        depth += i32::from(word.is("(")) - i32::from(word.is(")"));
        if depth == 0 && word.is(",") {
            items.push(Vec::new());
        } else if let Some(item) = items.last_mut() {
            item.push(word);
        }
    }
    // A star stands for columns that are counted later: then nothing is known of any.
    if items
        .iter()
        .any(|item| item.last().is_some_and(|word| word.is("*")) && item.len() <= 3)
    {
        return Vec::new();
    }
    items.iter().map(|item| said(item)).collect()
}

fn said(item: &[&Word]) -> Option<SqlType> {
    let first = item.iter().find(|word| !word.is("DISTINCT"))?;
    let name = first.name().unwrap_or_default().to_ascii_uppercase();
    match name.as_str() {
        "COUNT_BIG" => Some(SqlType::BigInt),
        "COUNT" => Some(SqlType::Int),
        "CAST" => {
            let owned: Vec<Word> = item.iter().map(|word| (*word).clone()).collect();
            let end = closing(&owned, 1);
            let split = as_of(&owned[2..end])?;
            SqlType::parse(&owned[3 + split..end].iter().map(Word::sqlite).collect::<String>())
        }
        _ => None,
    }
}
