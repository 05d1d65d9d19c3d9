//! Texts. Places and lengths are counted in UTF-16 units, as .NET does.

use super::{Args, Body, Function};
use crate::value::to_text;
use serde_json::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "concat",
        form: "concat(value, ...)",
        about: "the values as texts, one behind the other; arrays become one array",
        body: Body::Strict(concat),
    },
    Function {
        name: "endsWith",
        form: "endsWith(text, end)",
        about: "whether a text ends so, in any case",
        body: Body::Strict(|args| {
            let (text, end) = lower(args)?;
            Ok(Value::Bool(text.ends_with(&end)))
        }),
    },
    Function {
        name: "guid",
        form: "guid(format?)",
        about: "a new identifier; the format is N, D, B or P, and D when it is left out",
        body: Body::Strict(guid),
    },
    Function {
        name: "indexOf",
        form: "indexOf(text, part)",
        about: "where a part begins first, from 0, in any case; -1 when it is not there",
        body: Body::Strict(|args| {
            let (text, part) = lower(args)?;
            Ok(place(&text, text.find(&part)))
        }),
    },
    Function {
        name: "lastIndexOf",
        form: "lastIndexOf(text, part)",
        about: "where a part begins last, from 0, in any case; -1 when it is not there",
        body: Body::Strict(|args| {
            let (text, part) = lower(args)?;
            Ok(place(&text, text.rfind(&part)))
        }),
    },
    Function {
        name: "replace",
        form: "replace(text, old, new)",
        about: "the text with every old part replaced",
        body: Body::Strict(|args| {
            let (text, old, new) = (args.text(0)?, args.text(1)?, args.text(2)?);
            match old.is_empty() {
                true => Err("the part to replace is empty".to_owned()),
                false => Ok(Value::String(text.replace(&old, &new))),
            }
        }),
    },
    Function {
        name: "split",
        form: "split(text, delimiter)",
        about: "an array of the parts between delimiters",
        body: Body::Strict(|args| {
            let (text, delimiter) = (args.text(0)?, args.text(1)?);
            Ok(match delimiter.is_empty() {
                true => Value::Array(vec![Value::String(text)]),
                false => text.split(&delimiter).map(Value::from).collect(),
            })
        }),
    },
    Function {
        name: "startsWith",
        form: "startsWith(text, beginning)",
        about: "whether a text begins so, in any case",
        body: Body::Strict(|args| {
            let (text, beginning) = lower(args)?;
            Ok(Value::Bool(text.starts_with(&beginning)))
        }),
    },
    Function {
        name: "substring",
        form: "substring(text, start, length?)",
        about: "the part from a place on, of this length or up to the end",
        body: Body::Strict(substring),
    },
    Function {
        name: "toLower",
        form: "toLower(text)",
        about: "the text in lower case",
        body: Body::Strict(|args| Ok(Value::String(args.text(0)?.to_lowercase()))),
    },
    Function {
        name: "toUpper",
        form: "toUpper(text)",
        about: "the text in upper case",
        body: Body::Strict(|args| Ok(Value::String(args.text(0)?.to_uppercase()))),
    },
    Function {
        name: "trim",
        form: "trim(text)",
        about: "the text without white space at its ends",
        body: Body::Strict(|args| Ok(Value::String(args.text(0)?.trim().to_owned()))),
    },
];

fn concat(args: &Args<'_>) -> Result<Value, String> {
    if args.values.iter().all(Value::is_array) {
        let arrays = args.values.iter().filter_map(Value::as_array);
        return Ok(Value::Array(arrays.flatten().cloned().collect()));
    }
    Ok(Value::String(args.values.iter().map(to_text).collect()))
}

/// The first two arguments in lower case.
fn lower(args: &Args<'_>) -> Result<(String, String), String> {
    Ok((args.text(0)?.to_lowercase(), args.text(1)?.to_lowercase()))
}

/// A place in bytes as one in UTF-16 units.
fn place(text: &str, bytes: Option<usize>) -> Value {
    match bytes {
        None => Value::from(-1),
        Some(bytes) => Value::from(text[..bytes].encode_utf16().count()),
    }
}

fn substring(args: &Args<'_>) -> Result<Value, String> {
    let units: Vec<u16> = args.text(0)?.encode_utf16().collect();
    let start = args.whole(1)?;
    let outside = || {
        format!(
            "the text has {} characters, and the part is to begin at {start}{}",
            units.len(),
            match args.has(2) {
                true => format!(" with {}", args.value(2)),
                false => String::new(),
            }
        )
    };
    let start = usize::try_from(start)
        .ok()
        .filter(|start| *start <= units.len())
        .ok_or_else(outside)?;
    let end = match args.has(2) {
        true => usize::try_from(args.whole(2)?)
            .ok()
            .and_then(|length| start.checked_add(length))
            .filter(|end| *end <= units.len())
            .ok_or_else(outside)?,
        false => units.len(),
    };
    Ok(Value::String(String::from_utf16_lossy(&units[start..end])))
}

fn guid(args: &Args<'_>) -> Result<Value, String> {
    let id = uuid::Builder::from_random_bytes(args.scope.random_bytes()).into_uuid();
    let format = args.optional_text(0)?.unwrap_or_default().to_ascii_uppercase();
    Ok(Value::String(match format.as_str() {
        "" | "D" => id.hyphenated().to_string(),
        "N" => id.simple().to_string(),
        "B" => id.braced().to_string(),
        "P" => format!("({})", id.hyphenated()),
        _ => return Err(format!("{format:?} is none of the formats N, D, B, P")),
    }))
}
