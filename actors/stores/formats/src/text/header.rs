//! The columns of files whose first row names them, or that are told apart by their number.

use super::types::Column;
use crate::fault;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use sluice_contract::Fault;
use std::collections::HashSet;
use std::sync::Arc;

/// The name of a column that has none, from 0: `Prop_0`, `Prop_1` ..., as ADF names them.
pub(crate) fn number(index: usize) -> String {
    format!("Prop_{index}")
}

/// Names of a header; those that are empty get their number.
///
/// # Errors
/// For a name that stands there twice.
pub(crate) fn names(header: impl Iterator<Item = String>) -> Result<Vec<String>, String> {
    let mut seen = HashSet::new();
    let name = |(index, name): (usize, String)| {
        let name = if name.is_empty() { number(index) } else { name };
        match seen.insert(name.clone()) {
            true => Ok(name),
            false => Err(format!("two columns are named {name:?}")),
        }
    };
    header.enumerate().map(name).collect()
}

/// The schema of all files. Files that hold nothing have no say; where none holds anything it is what the dataset lists, or
/// without columns. `headed`: their first row names their columns.
///
/// # Errors
/// `SL6012` when files differ, or the dataset's columns are not theirs.
pub(crate) fn one_schema(
    files: &[(String, Option<Vec<String>>)],
    listed: &[Column],
    headed: bool,
) -> Result<SchemaRef, Fault> {
    let mut known: Option<(&String, &Vec<String>)> = None;
    for (label, columns) in files {
        let Some(columns) = columns else { continue };
        match known {
            None => known = Some((label, columns)),
            Some((first, others)) if others != columns => {
                return Err(fault::mismatch(format!(
                    "{first} has the columns {}, and {label} has {}",
                    others.join(", "),
                    columns.join(", ")
                )));
            }
            Some(_) => {}
        }
    }
    let declared = listed
        .iter()
        .map(|column| field(&column.name, column.data_type.clone()));
    match known {
        Some((label, columns)) => schema(columns, listed, headed, label).map(Arc::new),
        None => Ok(Arc::new(Schema::new(declared.collect::<Vec<_>>()))),
    }
}

fn field(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

/// The schema of files with these columns: texts, but for what the dataset says.
fn schema(names: &[String], listed: &[Column], headed: bool, file: &str) -> Result<Schema, Fault> {
    if !headed && !listed.is_empty() {
        if listed.len() != names.len() {
            return Err(fault::mismatch(format!(
                "{file} has {} columns, and the dataset's `schema` lists {}: import the `schema` again, or take it out of the \
                 dataset",
                names.len(),
                listed.len()
            )));
        }
        let columns = listed
            .iter()
            .map(|column| field(&column.name, column.data_type.clone()));
        return Ok(Schema::new(columns.collect::<Vec<_>>()));
    }
    // One that the dataset does not name stands for the file's column at its place.
    let at_place = |index: usize| {
        let column = listed.get(index).filter(|column| column.name == number(index));
        column.filter(|_| index < names.len())
    };
    let mut unknown = listed.iter().enumerate();
    let missing = unknown.find(|(index, column)| !names.contains(&column.name) && at_place(*index).is_none());
    if let Some((_, missing)) = missing {
        return Err(fault::mismatch(format!(
            "{file} has no column {:?}, which the dataset's `schema` lists; it has {}. Correct the name in the `schema`, take the \
             column out of it, or import it again{}",
            missing.name,
            names.join(", "),
            match headed {
                true => "",
                false => "; without `firstRowAsHeader` columns have numbers for names",
            }
        )));
    }
    let typed = |index: usize, name: &String| {
        let named = listed.iter().find(|column| column.name == *name);
        named.or_else(|| at_place(index))
    };
    let fields = names.iter().enumerate().map(|(index, name)| {
        let data_type = typed(index, name).map_or(DataType::Utf8, |column| column.data_type.clone());
        field(name, data_type)
    });
    Ok(Schema::new(fields.collect::<Vec<_>>()))
}
