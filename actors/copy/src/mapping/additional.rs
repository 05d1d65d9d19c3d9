//! The source's `additionalColumns`.

use super::{literal, malformed};
use crate::settings::unsupported;
use serde_json::Value;
use sluice_contract::Fault;
use sluice_contract::document::member;

/// One column that the source does not have itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Additional {
    pub(super) name: String,
    pub(super) value: Content,
}

/// What such a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// The same text in every row.
    Text(String),
    /// What a column of the source holds.
    Column(String),
    /// The path of the row's file, below the dataset's folder.
    FilePath,
}

impl Additional {
    /// Reads `[{"name": "..", "value": ".."}]`.
    ///
    /// # Errors
    /// `SL4005` when it is malformed, `SL4009` for a value that stands for something the source does not say.
    pub(crate) fn read(value: &Value) -> Result<Vec<Self>, Fault> {
        const MEMBER: &str = "source.additionalColumns";
        // An empty object or text asks for nothing.
        let Value::Array(items) = value else {
            return match crate::settings::is_set(value) {
                true => Err(malformed(format!("`{MEMBER}` is not an array of columns"))),
                false => Ok(Vec::new()),
            };
        };
        items
            .iter()
            .enumerate()
            .map(|(i, item)| Self::one(&format!("{MEMBER}[{i}]"), item))
            .collect()
    }

    fn one(place: &str, item: &Value) -> Result<Self, Fault> {
        let text = |name: &str| {
            item.as_object()
                .and_then(|column| member(column, name))
                .and_then(Value::as_str)
        };
        let name = text("name").filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| malformed(format!("`{place}` has no text `name`")))?;
        let value = item.as_object().and_then(|column| member(column, "value"));
        let value = match value {
            Some(Value::String(text)) => Content::read(place, text)?,
            // What an expression gives may be a number; `string()` writes it so, and .NET its booleans.
            Some(Value::Bool(flag)) => Content::Text(if *flag { "True" } else { "False" }.to_owned()),
            Some(Value::Number(number)) => Content::Text(number.to_string()),
            _ => {
                return Err(malformed(format!(
                    "`{place}` has no `value` that is a text, a number or a boolean"
                )));
            }
        };
        Ok(Self {
            name: literal(name),
            value,
        })
    }
}

impl Content {
    fn read(place: &str, value: &str) -> Result<Self, Fault> {
        const COLUMN: &str = "$$COLUMN:";
        let Some(reserved) = value.strip_prefix("$$") else {
            return Ok(Self::Text(literal(value)));
        };
        match value.get(..COLUMN.len()) {
            Some(prefix) if prefix.eq_ignore_ascii_case(COLUMN) => match value[COLUMN.len()..].trim() {
                "" => Err(malformed(format!("`{place}`: `$$COLUMN:` names no column"))),
                name => Ok(Self::Column(name.to_owned())),
            },
            _ if reserved.eq_ignore_ascii_case("FILEPATH") => Ok(Self::FilePath),
            _ => Err(unsupported(
                &format!("{place}.value"),
                format!("{value:?} is not known"),
            )),
        }
    }
}
