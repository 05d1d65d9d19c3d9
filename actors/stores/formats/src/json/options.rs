//! What a dataset and an activity say about their JSON.

use super::path::Path;
use crate::charset::Charset;
use crate::codec::Compression;
use crate::text::types::{self, Column};
use crate::{fault, settings};
use arrow::datatypes::DataType;
use serde_json::Value;
use sluice_contract::document::{member, text};
use sluice_contract::{Fault, Object};
use sluice_store_core::SourceRequest;

/// How files are read.
#[derive(Debug)]
pub(super) struct Options {
    pub(super) charset: Charset,
    pub(super) compression: Compression,
    /// The columns whose types the dataset's `schema` names.
    pub(super) declared: Vec<Column>,
    /// The columns that the activity's mappings take; none when every member is one.
    pub(super) wanted: Option<Vec<Wanted>>,
    /// The array whose elements are the rows.
    pub(super) collection: Option<Path>,
    /// Whether objects and arrays become texts.
    pub(super) flat: bool,
}

/// One column of the activity's mappings.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    /// The path as it is written, or the column's name.
    pub(super) name: String,
    pub(super) path: Path,
    pub(super) data_type: Option<DataType>,
}

impl Options {
    pub(super) fn read(request: &SourceRequest) -> Result<Self, Fault> {
        let translator = &request.translator;
        let collection = text(translator, "collectionReference").filter(|path| !path.trim().is_empty());
        Ok(Self {
            charset: Charset::of(&request.dataset)?,
            compression: Compression::of(&request.dataset)?,
            declared: declared(&request.dataset)?,
            wanted: wanted(translator)?,
            collection: collection.map(Path::parse).transpose()?,
            flat: settings::flag(translator, "mapComplexValuesToString")?.unwrap_or(false),
        })
    }
}

/// `mappings` with `path`s or names, or the older `schemaMapping` of paths.
fn wanted(translator: &Object) -> Result<Option<Vec<Wanted>>, Fault> {
    let mut found: Vec<Wanted> = Vec::new();
    let mut want = |name: &str, path: Path, data_type| {
        if !path.is_single() {
            return Err(fault::property(format!("the path {name:?} names more than one value")));
        }
        if !found.iter().any(|wanted| wanted.name == name) {
            found.push(Wanted {
                name: name.to_owned(),
                path,
                data_type,
            });
        }
        Ok(())
    };
    if let Some(Value::Array(mappings)) = member(translator, "mappings") {
        for mapping in mappings {
            let source = mapping.as_object().and_then(|mapping| member(mapping, "source"));
            let Some(source) = source.and_then(Value::as_object) else {
                continue;
            };
            let kind = text(source, "type").filter(|kind| !kind.is_empty());
            match (text(source, "path"), text(source, "name")) {
                (Some(path), _) => want(path, Path::parse(path)?, typed(path, kind, source))?,
                (None, Some(name)) => want(name, Path::member(name), typed(name, kind, source))?,
                // Columns by their number: every member is one.
                (None, None) => return Ok(None),
            }
        }
    } else if let Some(Value::Object(paths)) = member(translator, "schemaMapping") {
        for path in paths.keys() {
            want(path, Path::parse(path)?, None)?;
        }
    }
    Ok((!found.is_empty()).then_some(found))
}

/// The type that a mapping names; one that is not read from text is left to the values.
fn typed(name: &str, kind: Option<&str>, source: &Object) -> Option<DataType> {
    kind.and_then(|kind| data_type(name, kind, source).ok())
}

fn data_type(name: &str, kind: &str, column: &Object) -> Result<DataType, Fault> {
    match kind.to_ascii_lowercase().as_str() {
        "byte[]" | "binary" => Ok(DataType::Binary),
        _ => types::data_type(name, kind, column),
    }
}

/// The dataset's `schema`: a list of columns, or a JSON schema as ADF imports it.
fn declared(dataset: &Object) -> Result<Vec<Column>, Fault> {
    let properties = match member(dataset, "schema") {
        Some(Value::Array(listed)) => {
            let columns = listed.iter().map(|item| {
                let (name, kind, item) =
                    listed_column(item).ok_or_else(|| fault::property("a column of `schema` has no `name`"))?;
                Ok(Column {
                    name: name.to_owned(),
                    data_type: data_type(name, kind, item)?,
                })
            });
            return columns.collect();
        }
        Some(Value::Object(schema)) => match member(schema, "properties") {
            Some(Value::Object(properties)) => properties,
            _ => return Ok(Vec::new()),
        },
        _ => return Ok(Vec::new()),
    };
    // Objects and arrays are what their values say.
    let column = |(name, property): (&String, &Value)| {
        let kind = property.as_object().and_then(|property| text(property, "type"))?;
        let data_type = match kind.to_ascii_lowercase().as_str() {
            "string" => DataType::Utf8,
            "integer" => DataType::Int64,
            "boolean" => DataType::Boolean,
            _ => return None,
        };
        Some(Column {
            name: name.clone(),
            data_type,
        })
    };
    Ok(properties.iter().filter_map(column).collect())
}

/// Name and type of a column of a list.
fn listed_column(column: &Value) -> Option<(&str, &str, &Object)> {
    let column = column.as_object()?;
    let name = text(column, "name").filter(|name| !name.is_empty())?;
    Some((name, text(column, "type").unwrap_or("String"), column))
}
