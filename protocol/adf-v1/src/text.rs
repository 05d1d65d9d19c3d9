//! Texts that are partly computed.

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Literal(String),
    /// An expression whose value is a text.
    Computed(String),
}

/// The pieces as one expression.
pub(crate) fn join(pieces: &[Piece]) -> String {
    let written: Vec<String> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Literal(literal) => format!("'{}'", literal.replace('\'', "''")),
            Piece::Computed(computed) => computed.clone(),
        })
        .collect();
    match written.as_slice() {
        [] => "''".to_owned(),
        [one] => one.clone(),
        many => format!("concat({})", many.join(",")),
    }
}

/// The pieces as the value of a member: a plain text where nothing is computed.
pub(crate) fn value(pieces: &[Piece]) -> serde_json::Value {
    let literal = |piece: &Piece| match piece {
        Piece::Literal(literal) => Some(literal.clone()),
        Piece::Computed(_) => None,
    };
    match pieces.iter().map(literal).collect::<Option<String>>() {
        Some(text) => plain(text),
        None => serde_json::json!({ "value": format!("@{}", join(pieces)), "type": "Expression" }),
    }
}

/// A text that shall not be taken for an expression.
pub(crate) fn plain(text: String) -> serde_json::Value {
    if text.starts_with('@') {
        return format!("@{text}").into();
    }
    match text.contains("@{") {
        true => text.replace("@{", "@@{").into(),
        false => text.into(),
    }
}

/// Splits pieces at the first slash of their literals: what is before it, and what is behind.
pub(crate) fn split_at_slash(pieces: &[Piece]) -> (Vec<Piece>, Vec<Piece>) {
    for (i, piece) in pieces.iter().enumerate() {
        if let Piece::Literal(literal) = piece
            && let Some((before, behind)) = literal.split_once('/')
        {
            let mut first = pieces[..i].to_vec();
            let mut rest = Vec::new();
            if !before.is_empty() {
                first.push(Piece::Literal(before.to_owned()));
            }
            if !behind.is_empty() {
                rest.push(Piece::Literal(behind.to_owned()));
            }
            rest.extend_from_slice(&pieces[i + 1..]);
            return (first, rest);
        }
    }
    (pieces.to_vec(), Vec::new())
}
