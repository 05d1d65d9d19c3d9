//! What the first record of a file says about its columns.

use super::dialect::Dialect;
use super::parse::Record;
use super::records::{Found, Records};
use crate::codec::Input;
use crate::fault;
use arrow::datatypes::{DataType, Field, Schema};
use sluice_contract::Fault;
use std::collections::HashSet;

/// The columns of a file: from its header, or named `Prop_0`, `Prop_1` ... by their number, as ADF names them. None when the
/// file holds nothing.
pub(super) fn columns(input: Input<'_>, dialect: &Dialect) -> Result<Option<Vec<String>>, Fault> {
    let mut records = Records::begin(input, dialect)?;
    let mut first = Record::default();
    match records.next(&mut first)? {
        Found::Record => {}
        Found::Wrong(why) => return Err(records.fault(why)),
        Found::End => return Ok(None),
    }
    let number = |index: usize| format!("Prop_{index}");
    if !dialect.header {
        return Ok(Some((0..first.len()).map(number).collect()));
    }
    let mut names = Vec::with_capacity(first.len());
    let mut seen = HashSet::new();
    for index in 0..first.len() {
        let name = std::str::from_utf8(first.field(records.bytes(), index).0)
            .map_err(|_| records.fault("a name is not UTF-8"))?;
        let name = if name.is_empty() {
            number(index)
        } else {
            name.to_owned()
        };
        if !seen.insert(name.clone()) {
            return Err(records.fault(format!("two columns are named {name:?}")));
        }
        names.push(name);
    }
    Ok(Some(names))
}

/// The schema of files with these columns: texts, but for what the dataset says.
///
/// # Errors
/// `SL6012` when the dataset's columns are not the files'.
pub(super) fn schema(names: &[String], dialect: &Dialect, file: &str) -> Result<Schema, Fault> {
    let listed = &dialect.columns;
    let field = |name: &str, data_type: DataType| Field::new(name, data_type, true);
    if !dialect.header && !listed.is_empty() {
        if listed.len() != names.len() {
            return Err(fault::mismatch(format!(
                "{file} has {} columns, and the dataset's `schema` lists {}",
                names.len(),
                listed.len()
            )));
        }
        return Ok(Schema::new(
            listed
                .iter()
                .map(|column| field(&column.name, column.data_type.clone()))
                .collect::<Vec<_>>(),
        ));
    }
    if let Some(missing) = listed.iter().find(|column| !names.contains(&column.name)) {
        return Err(fault::mismatch(format!(
            "{file} has no column {:?}, which the dataset's `schema` lists; it has {}",
            missing.name,
            names.join(", ")
        )));
    }
    let typed = |name: &String| listed.iter().find(|column| column.name == *name);
    let fields = names.iter().map(|name| {
        field(
            name,
            typed(name).map_or(DataType::Utf8, |column| column.data_type.clone()),
        )
    });
    Ok(Schema::new(fields.collect::<Vec<_>>()))
}

/// The schema of a dataset whose files hold nothing: what its `schema` lists.
pub(super) fn listed(dialect: &Dialect) -> Option<Schema> {
    let fields = dialect.columns.iter();
    let fields: Vec<_> = fields
        .map(|column| Field::new(&column.name, column.data_type.clone(), true))
        .collect();
    (!fields.is_empty()).then(|| Schema::new(fields))
}
