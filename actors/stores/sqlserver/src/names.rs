//! Identifiers and literals in T-SQL.

use sluice_contract::document::text;
use sluice_contract::{Code, Fault, Object};

/// An identifier, in brackets.
pub(crate) fn quote(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// A Unicode literal.
pub(crate) fn literal(text: &str) -> String {
    format!("N'{}'", text.replace('\'', "''"))
}

/// A table, possibly with its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableName {
    pub(crate) schema: Option<String>,
    pub(crate) table: String,
}

impl TableName {
    /// The table a dataset names: `schema` and `table`, or `tableName` with both in one.
    ///
    /// # Errors
    /// `SL6013` when a name is not of the form `table` or `schema.table`.
    pub(crate) fn of_dataset(dataset: &Object) -> Result<Option<Self>, Fault> {
        let member = |name| text(dataset, name).map(str::trim).filter(|text| !text.is_empty());
        if let Some(table) = member("table") {
            return Ok(Some(Self {
                schema: member("schema").map(str::to_owned),
                table: table.to_owned(),
            }));
        }
        member("tableName")
            .map(|text| Self::parse(text, "the dataset's tableName"))
            .transpose()
    }

    /// `table`, `schema.table`, either part in brackets, in double quotes, or bare.
    ///
    /// # Errors
    /// `SL6013`, saying what it is of.
    pub(crate) fn parse(text: &str, what: &str) -> Result<Self, Fault> {
        let bad = || {
            Fault::new(
                Code::PropertyMissing,
                format!("{what} {text:?} is not of the form schema.table"),
            )
        };
        let mut parts = vec![String::new()];
        let mut rest = text.trim().chars().peekable();
        let mut close = None;
        while let Some(c) = rest.next() {
            let last = parts.len() - 1;
            match (c, close) {
                (c, Some(end)) if c == end => {
                    if rest.peek() == Some(&end) {
                        rest.next();
                        parts[last].push(end);
                    } else {
                        close = None;
                    }
                }
                (c, Some(_)) => parts[last].push(c),
                ('[', None) => close = Some(']'),
                ('"', None) => close = Some('"'),
                ('.', None) => parts.push(String::new()),
                (c, None) => parts[last].push(c),
            }
        }
        if close.is_some() || parts.last().is_some_and(String::is_empty) {
            return Err(bad());
        }
        let mut parts = parts.into_iter();
        match (parts.next(), parts.next(), parts.next()) {
            (Some(table), None, _) => Ok(Self { schema: None, table }),
            (Some(schema), Some(table), None) => Ok(Self {
                schema: Some(schema).filter(|schema| !schema.is_empty()),
                table,
            }),
            _ => Err(bad()),
        }
    }

    /// For SQL.
    pub(crate) fn quoted(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{}", quote(schema), quote(&self.table)),
            None => quote(&self.table),
        }
    }
}

impl std::fmt::Display for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.table),
            None => f.write_str(&self.table),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(dataset: serde_json::Value) -> Result<Option<TableName>, Fault> {
        TableName::of_dataset(dataset.as_object().unwrap())
    }

    #[test]
    fn datasets_name_tables() {
        let quoted = |dataset| of(dataset).unwrap().map(|table| table.quoted());
        assert_eq!(quoted(json!({"schema": "s", "table": "T.x"})).unwrap(), "[s].[T.x]");
        assert_eq!(quoted(json!({"tableName": "s.t"})).unwrap(), "[s].[t]");
        assert_eq!(quoted(json!({"tableName": "[a.]]b].[T]"})).unwrap(), "[a.]]b].[T]");
        assert_eq!(quoted(json!({"tableName": "\"a\"\"b\".\"T\""})).unwrap(), "[a\"b].[T]");
        assert_eq!(quoted(json!({"tableName": "t"})).unwrap(), "[t]");
        assert_eq!(quoted(json!({})), None);
        for bad in ["a.b.c", "a.", "[a", "\"\""] {
            assert_eq!(
                of(json!({ "tableName": bad })).unwrap_err().code,
                Code::PropertyMissing,
                "{bad}"
            );
        }
    }

    #[test]
    fn literals_and_names_cannot_be_left() {
        assert_eq!(literal("a'b"), "N'a''b'");
        assert_eq!(quote("a]b"), "[a]]b]");
    }
}
