//! Identifiers and literals in SQL text.

use sluice_contract::document::text;
use sluice_contract::{Code, Fault, Object};

/// An identifier, quoted.
pub(crate) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A list of identifiers, quoted.
pub(crate) fn quote_all<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quote).collect::<Vec<_>>().join(", ")
}

/// A string literal, whatever `standard_conforming_strings` says.
pub(crate) fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
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
        member("tableName").map(Self::parse).transpose()
    }

    /// `table`, `schema.table`, either part quoted or not. Names are taken as they are written, in their case.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let mut parts = vec![String::new()];
        let mut rest = text.chars().peekable();
        let mut quoted = false;
        while let Some(c) = rest.next() {
            let last = parts.len() - 1;
            match c {
                '"' if quoted && rest.peek() == Some(&'"') => {
                    rest.next();
                    parts[last].push('"');
                }
                '"' => quoted = !quoted,
                '.' if !quoted => parts.push(String::new()),
                c => parts[last].push(c),
            }
        }
        let bad = || {
            Fault::new(
                Code::PropertyMissing,
                format!("the name {text:?} is not of the form schema.table"),
            )
        };
        if quoted || parts.iter().any(String::is_empty) {
            return Err(bad());
        }
        let mut parts = parts.into_iter();
        match (parts.next(), parts.next(), parts.next()) {
            (Some(table), None, _) => Ok(Self { schema: None, table }),
            (Some(schema), Some(table), None) => Ok(Self {
                schema: Some(schema),
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
        assert_eq!(quoted(json!({"schema": "s", "table": "T.x"})).unwrap(), r#""s"."T.x""#);
        assert_eq!(quoted(json!({"tableName": "s.t"})).unwrap(), r#""s"."t""#);
        assert_eq!(
            quoted(json!({"tableName": r#""a.""b"."T""#})).unwrap(),
            r#""a.""b"."T""#
        );
        assert_eq!(quoted(json!({"tableName": "t"})).unwrap(), r#""t""#);
        assert_eq!(quoted(json!({})), None);
        for bad in ["a.b.c", ".a", "a.", "\"a", "\"\""] {
            assert_eq!(
                of(json!({ "tableName": bad })).unwrap_err().code,
                Code::PropertyMissing,
                "{bad}"
            );
        }
    }

    #[test]
    fn literals_cannot_be_left() {
        assert_eq!(literal(r"a'b\'c"), r"E'a''b\\''c'");
        assert_eq!(quote("a\"b"), "\"a\"\"b\"");
    }
}
