//! Datasets.

mod format;
mod path;

pub(crate) use format::Format;

use crate::availability::Availability;
use crate::names;
use crate::policy::Policy;
use crate::translate::{Notes, convert};
use serde_json::{Value, json};
use sluice_contract::document::{member, text};
use sluice_contract::{Code, Object};

/// The expressions of the window's times within a dataset.
pub(crate) const START: &str = "dataset().windowStart";
/// See [`START`].
pub(crate) const END: &str = "dataset().windowEnd";

/// What a dataset is.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// A table, with its type of today.
    Table(String),
    /// Files of a store, with the stem of its names; without a format they are taken as they are, or as text.
    Files {
        stem: &'static str,
        format: Option<Format>,
        location: Object,
        /// `fileFilter`, which is the copy's business today.
        wildcard: Option<Value>,
    },
}

/// A dataset, understood.
#[derive(Clone, Debug)]
pub(crate) struct Dataset {
    pub(crate) service: String,
    pub(crate) shape: Shape,
    pub(crate) availability: Option<Availability>,
    pub(crate) external: bool,
    /// Whether it says something else for every slice.
    pub(crate) windowed: bool,
    /// What it asks of its slices.
    pub(crate) policy: Policy,
    settings: Object,
    columns: Option<Value>,
    description: Option<String>,
}

impl Dataset {
    /// Reads a dataset's `properties`. `service` gives the type of today of a linked service that is known.
    pub(crate) fn read(
        properties: &Object,
        service: &dyn Fn(&str) -> Option<String>,
        notes: &mut Notes<'_>,
    ) -> Option<Self> {
        // In 2014 type and settings stood in `location`.
        let old = member(properties, "location").and_then(Value::as_object);
        let (outer, place) = match old {
            Some(location) => (location, vec!["properties", "location"]),
            None => (properties, vec!["properties"]),
        };
        let Some(kind) = text(outer, "type").map(names::dataset) else {
            notes.refuse(Code::TypeMissing, &place, "the dataset has no `type`");
            return None;
        };
        let Some(name) = text(outer, "linkedServiceName") else {
            notes.refuse(Code::DocumentInvalid, &place, "the dataset has no `linkedServiceName`");
            return None;
        };
        let inner = member(properties, "typeProperties")
            .and_then(Value::as_object)
            .filter(|_| old.is_none());
        let settings = inner.unwrap_or(outer);
        let place: Vec<&str> = match inner {
            Some(_) => vec!["properties", "typeProperties"],
            None => place,
        };
        let mut windowed = false;
        let (shape, settings) = match names::files(kind) {
            Some(stem) => {
                let (location, wildcard) = path::read(stem, settings, &place, &mut windowed, notes)?;
                let format = Format::read(settings, &place, notes);
                (
                    Shape::Files {
                        stem,
                        format,
                        location,
                        wildcard,
                    },
                    settings.clone(),
                )
            }
            None => {
                let mut made = Object::new();
                for (name, value) in settings {
                    if ["type", "linkedServiceName"]
                        .iter()
                        .any(|own| name.eq_ignore_ascii_case(own))
                        && inner.is_none()
                    {
                        continue;
                    }
                    let path: Vec<Value> = place
                        .iter()
                        .map(|step| Value::from(*step))
                        .chain([name.as_str().into()])
                        .collect();
                    made.insert(name.clone(), convert(value, START, END, &path, &mut windowed, notes));
                }
                (Shape::Table(names::table(kind, service(name).as_deref())), made)
            }
        };
        let availability = member(properties, "availability").and_then(Value::as_object);
        let read = availability
            .map(Availability::read)
            .transpose()
            .unwrap_or_else(|cause| {
                notes.refuse(
                    Code::OldDocumentRefused,
                    &["properties", "availability"],
                    format!("its availability: {cause}"),
                );
                None
            });
        let waits = availability.is_some_and(|all| member(all, "waitOnExternal").is_some());
        let external = member(properties, "external") == Some(&Value::Bool(true)) || waits;
        Some(Self {
            service: name.to_owned(),
            shape,
            availability: read,
            external,
            windowed,
            policy: Policy::read(properties, notes),
            settings,
            columns: member(properties, "structure").cloned(),
            description: text(properties, "description").map(str::to_owned),
        })
    }

    /// Its document of today. Files without a format are `as_text`, or are taken as they are. `header` asks for the names of the
    /// columns in the first line.
    pub(crate) fn write(&self, as_text: bool, header: bool) -> Value {
        let mut made = Object::new();
        match &self.shape {
            Shape::Table(kind) => {
                made.insert("type".to_owned(), kind.clone().into());
                made.insert("typeProperties".to_owned(), Value::Object(self.settings.clone()));
            }
            Shape::Files { format, location, .. } => {
                let format = self.format(format.as_ref(), as_text);
                made.insert("type".to_owned(), format.kind().into());
                let mut inner = format.write(&self.settings, header);
                inner.insert("location".to_owned(), Value::Object(location.clone()));
                made.insert("typeProperties".to_owned(), Value::Object(inner));
                if format == Format::Text {
                    made.extend(schema(self.columns.as_ref()).map(|schema| ("schema".to_owned(), schema)));
                }
            }
        }
        made.insert(
            "linkedServiceName".to_owned(),
            json!({ "referenceName": self.service, "type": "LinkedServiceReference" }),
        );
        if let Some(description) = &self.description {
            made.insert("description".to_owned(), description.as_str().into());
        }
        if self.windowed {
            made.insert(
                "parameters".to_owned(),
                json!({ "windowStart": { "type": "String" }, "windowEnd": { "type": "String" } }),
            );
        }
        Value::Object(made)
    }

    /// The format that its files are read or written in.
    pub(crate) fn format(&self, format: Option<&Format>, as_text: bool) -> Format {
        format
            .copied()
            .unwrap_or(if as_text { Format::Text } else { Format::AsIs })
    }
}

/// Only the names of columns count for a text: their types are the sink's business.
fn schema(columns: Option<&Value>) -> Option<Value> {
    let columns = columns?.as_array()?;
    let names = columns.iter().filter_map(|column| text(column.as_object()?, "name"));
    let names: Vec<Value> = names.map(|name| json!({ "name": name, "type": "String" })).collect();
    (!names.is_empty() && names.len() == columns.len()).then_some(Value::Array(names))
}
