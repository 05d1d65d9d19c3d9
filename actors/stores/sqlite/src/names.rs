//! Identifiers in SQL text, and the table a dataset names.

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

/// The table a dataset names: `table` or `tableName`, taken as it is written.
pub(crate) fn table_of(dataset: &Object) -> Option<String> {
    let member = |name| text(dataset, name).map(str::trim).filter(|text| !text.is_empty());
    member("table").or_else(|| member("tableName")).map(str::to_owned)
}

/// There is no such table.
pub(crate) fn missing(table: &str) -> Fault {
    Fault::new(
        Code::TableNotFound,
        format!("there is no table {table:?} in the database"),
    )
}
