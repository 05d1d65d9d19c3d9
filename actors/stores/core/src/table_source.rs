//! What the sources of databases have in common in their `source` object.

use serde_json::Value;
use sluice_contract::document::{is_expression, member, text};
use sluice_contract::{Code, Fault, Object};

/// What a Copy activity's `source` asks of a database.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableSource {
    /// What is read; the dataset's table when the activity says nothing.
    pub read: Read,
    /// How it is split.
    pub split: Split,
    /// `isolationLevel`, as written.
    pub isolation: Option<String>,
}

/// What is read.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Read {
    /// The dataset's table.
    #[default]
    Table,
    /// `query` or `sqlReaderQuery`, without white space and semicolons at its end. What else may stand there is for
    /// [`single`](crate::statements::single), by the store's own SQL.
    Query(String),
    /// `sqlReaderStoredProcedureName` with its parameters, in the order in which they stand.
    Procedure {
        /// Its name, as written.
        name: String,
        /// Name and value of every parameter; none is NULL.
        parameters: Vec<(String, Option<String>)>,
    },
}

/// How a table or query is split into partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Split {
    /// Nothing was said: the source finds the best way itself.
    #[default]
    Automatic,
    /// `None` was asked for by name: as one partition.
    Whole,
    /// `PhysicalPartitionsOfTable`: one for each partition of the table, or for those named.
    Physical {
        /// `partitionNames`; empty means all.
        names: Vec<String>,
    },
    /// `DynamicRange`: by ranges of a column.
    Range {
        /// `partitionColumnName`; none means the primary key.
        column: Option<String>,
        /// `partitionLowerBound`, as written; none is looked up. Rows below it are still read.
        lower: Option<String>,
        /// `partitionUpperBound`, as written; none is looked up. Rows above it are still read.
        upper: Option<String>,
    },
}

impl TableSource {
    /// Reads the activity's `source` object.
    ///
    /// # Errors
    /// `SL6013` for a member of another form than it has in ADF, or two that exclude each other.
    pub fn of(activity: &Object) -> Result<Self, Fault> {
        let query = string(activity, "query")?.or(string(activity, "sqlReaderQuery")?);
        let procedure = string(activity, "sqlReaderStoredProcedureName")?;
        let read = match (query, procedure) {
            (Some(_), Some(_)) => return Err(property("the source has both a query and a stored procedure")),
            (Some(query), None) => Read::Query(query.trim().trim_end_matches(';').trim_end().to_owned()),
            (None, Some(name)) => Read::Procedure {
                name,
                parameters: parameters(activity)?,
            },
            (None, None) => Read::Table,
        };
        Ok(Self {
            read,
            split: split(activity)?,
            isolation: string(activity, "isolationLevel")?,
        })
    }
}

/// `storedProcedureParameters`: `{name: {value, type}}`, or the value alone.
fn parameters(activity: &Object) -> Result<Vec<(String, Option<String>)>, Fault> {
    let members = match member(activity, "storedProcedureParameters") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(property("`storedProcedureParameters` is not an object")),
    };
    let one = |(name, value): (&String, &Value)| {
        let value = match value {
            Value::Object(parts) if !is_expression(value) => member(parts, "value").unwrap_or(&Value::Null),
            other => other,
        };
        match value {
            Value::Null => Ok((name.clone(), None)),
            Value::String(text) => Ok((name.clone(), Some(text.clone()))),
            Value::Bool(_) | Value::Number(_) => Ok((name.clone(), Some(value.to_string()))),
            _ => Err(property(format!("`storedProcedureParameters.{name}` is not a value"))),
        }
    };
    members.iter().map(one).collect()
}

fn split(activity: &Object) -> Result<Split, Fault> {
    let empty = Object::new();
    let settings = match member(activity, "partitionSettings") {
        None | Some(Value::Null) => &empty,
        Some(Value::Object(settings)) => settings,
        Some(_) => return Err(property("`partitionSettings` is not an object")),
    };
    let Some(option) = string(activity, "partitionOption")? else {
        return Ok(Split::Automatic);
    };
    match option.to_ascii_lowercase().as_str() {
        "none" => Ok(Split::Whole),
        "physicalpartitionsoftable" => Ok(Split::Physical {
            names: names(settings)?,
        }),
        "dynamicrange" => Ok(Split::Range {
            column: string(settings, "partitionColumnName")?,
            lower: scalar(settings, "partitionLowerBound")?,
            upper: scalar(settings, "partitionUpperBound")?,
        }),
        _ => Err(property(format!(
            "`partitionOption` {option:?} is not one of None, PhysicalPartitionsOfTable, DynamicRange"
        ))),
    }
}

fn names(settings: &Object) -> Result<Vec<String>, Fault> {
    match member(settings, "partitionNames") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(names)) => names
            .iter()
            .map(|name| name.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or_else(|| property("`partitionSettings.partitionNames` is not a list of texts")),
        Some(_) => Err(property("`partitionSettings.partitionNames` is not a list of texts")),
    }
}

/// A text that is not empty.
fn string(object: &Object, name: &str) -> Result<Option<String>, Fault> {
    match member(object, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(_)) => Ok(text(object, name)
            .map(str::trim)
            .filter(|t| !t.is_empty())
            .map(str::to_owned)),
        Some(_) => Err(property(format!("the source's `{name}` is not a text"))),
    }
}

/// A text or number.
fn scalar(object: &Object, name: &str) -> Result<Option<String>, Fault> {
    match member(object, name) {
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        _ => string(object, name),
    }
}

fn property(message: impl Into<String>) -> Fault {
    Fault::new(Code::PropertyMissing, message)
}
