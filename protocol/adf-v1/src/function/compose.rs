//! The format of `Text.Format`: .NET's composite format.

/// A part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Literal(String),
    /// Which value, and how it is written.
    Value(usize, Option<String>),
}

/// Takes a format apart. `{{` and `}}` stand for braces.
pub(super) fn parts(format: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut letters = format.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '{' | '}' if letters.peek() == Some(&letter) => {
                literal.push(letter);
                letters.next();
            }
            '}' => return Err("a `}` in the format belongs to no `{`".to_owned()),
            '{' => {
                let mut inner = String::new();
                loop {
                    match letters.next() {
                        None => return Err("a `{` in the format is not closed".to_owned()),
                        Some('}') => break,
                        Some(letter) => inner.push(letter),
                    }
                }
                if !literal.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                }
                parts.push(value(&inner)?);
            }
            letter => literal.push(letter),
        }
    }
    if !literal.is_empty() || parts.is_empty() {
        parts.push(Part::Literal(literal));
    }
    Ok(parts)
}

fn value(inner: &str) -> Result<Part, String> {
    let (index, format) = match inner.split_once(':') {
        Some((index, format)) => (index, Some(format.to_owned())),
        None => (inner, None),
    };
    if index.contains(',') {
        return Err(format!("`{{{inner}}}` asks for a width, which has no counterpart"));
    }
    let index = index
        .trim()
        .parse()
        .map_err(|_| format!("`{{{inner}}}` names no value"))?;
    Ok(Part::Value(index, format.filter(|format| !format.is_empty())))
}

/// How a whole number is written: plainly, or with zeros before it (`D2`, `00`).
pub(super) fn digits(format: Option<&str>) -> Result<usize, String> {
    let Some(format) = format else { return Ok(0) };
    let zeros = format.bytes().all(|letter| letter == b'0');
    let count = format
        .strip_prefix(['D', 'd'])
        .map(|rest| if rest.is_empty() { Some(0) } else { rest.parse().ok() });
    match count {
        Some(Some(count)) if count <= 20 => Ok(count),
        None if zeros && format.len() <= 20 => Ok(format.len()),
        _ => Err(format!("a whole number is not written as {format:?} here")),
    }
}
