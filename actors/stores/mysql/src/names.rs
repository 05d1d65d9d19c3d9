//! Identifiers and literals in SQL text.

use sluice_contract::document::text;
use sluice_contract::{Code, Fault, Object};
use std::fmt::Write as _;

/// An identifier, quoted. (One with a NUL is refused where names come in.)
pub(crate) fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A list of identifiers, quoted.
pub(crate) fn quote_all<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quote).collect::<Vec<_>>().join(", ")
}

/// A text literal, whatever the session's `sql_mode` says of backslashes and quotes.
pub(crate) fn literal(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || " _-.:,/+".contains(c);
    if text.chars().all(plain) {
        return format!("'{text}'");
    }
    let mut hex = String::with_capacity(2 * text.len());
    for byte in text.bytes() {
        // Writing to a String does not fail.
        let _ = write!(hex, "{byte:02X}");
    }
    format!("_utf8mb4 X'{hex}'")
}

/// A table and its database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableName {
    pub(crate) database: String,
    pub(crate) table: String,
}

impl TableName {
    /// The table a dataset names: `table` with or without `schema`, or `tableName`, with or without the database.
    ///
    /// # Errors
    /// `SL6013` when a name is not of the form `table` or `database.table`.
    pub(crate) fn of_dataset(dataset: &Object, database: &str) -> Result<Option<Self>, Fault> {
        let member = |name| text(dataset, name).map(str::trim).filter(|text| !text.is_empty());
        let name = match (member("table"), member("tableName")) {
            (Some(table), _) => Self {
                database: member("schema").unwrap_or(database).to_owned(),
                table: table.to_owned(),
            },
            (None, Some(name)) => Self::parse(name, database)?,
            (None, None) => return Ok(None),
        };
        match format!("{}{}", name.database, name.table).contains('\0') {
            true => Err(Fault::new(
                Code::PropertyMissing,
                "the dataset's table has a NUL in its name",
            )),
            false => Ok(Some(name)),
        }
    }

    /// `table`, `database.table`, either part in backticks or not. Names are taken as they are written, in their case.
    pub(crate) fn parse(text: &str, database: &str) -> Result<Self, Fault> {
        let mut parts = vec![String::new()];
        let mut rest = text.chars().peekable();
        let mut quoted = false;
        while let Some(c) = rest.next() {
            let last = parts.len() - 1;
            match c {
                '`' if quoted && rest.peek() == Some(&'`') => {
                    rest.next();
                    parts[last].push('`');
                }
                '`' => quoted = !quoted,
                '.' if !quoted => parts.push(String::new()),
                c => parts[last].push(c),
            }
        }
        match (quoted, parts.as_slice()) {
            (false, [table]) if !table.is_empty() => Ok(Self {
                database: database.to_owned(),
                table: table.clone(),
            }),
            (false, [database, table]) if !database.is_empty() && !table.is_empty() => Ok(Self {
                database: database.clone(),
                table: table.clone(),
            }),
            _ => Err(Fault::new(
                Code::PropertyMissing,
                format!("the name {text:?} is not of the form database.table"),
            )),
        }
    }

    /// Another table of the same database.
    pub(crate) fn beside(&self, table: impl Into<String>) -> Self {
        Self {
            database: self.database.clone(),
            table: table.into(),
        }
    }

    /// For SQL.
    pub(crate) fn quoted(&self) -> String {
        format!("{}.{}", quote(&self.database), quote(&self.table))
    }
}

impl std::fmt::Display for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.database, self.table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(dataset: serde_json::Value) -> Result<Option<TableName>, Fault> {
        TableName::of_dataset(dataset.as_object().unwrap(), "d")
    }

    #[test]
    fn datasets_name_tables() {
        let quoted = |dataset| of(dataset).unwrap().map(|table| table.quoted());
        assert_eq!(quoted(json!({"schema": "s", "table": "T.x"})).unwrap(), "`s`.`T.x`");
        assert_eq!(quoted(json!({"tableName": "s.t"})).unwrap(), "`s`.`t`");
        assert_eq!(quoted(json!({"tableName": "`a.``b`.`T`"})).unwrap(), "`a.``b`.`T`");
        assert_eq!(quoted(json!({"tableName": "t"})).unwrap(), "`d`.`t`");
        assert_eq!(quoted(json!({})), None);
        for bad in ["a.b.c", ".a", "a.", "`a", "``", "a\0b"] {
            assert_eq!(
                of(json!({ "tableName": bad })).unwrap_err().code,
                Code::PropertyMissing,
                "{bad}"
            );
        }
    }

    #[test]
    fn literals_cannot_be_left() {
        assert_eq!(literal("2024-01-01 00:00:00"), "'2024-01-01 00:00:00'");
        assert_eq!(literal(r"a'\"), "_utf8mb4 X'61275C'");
        assert_eq!(quote("a`b"), "`a``b`");
    }
}
