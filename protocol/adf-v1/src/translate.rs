//! All documents of a data factory together.

use crate::dataset::Dataset;
use crate::function::Function;
use crate::pipeline::{self, Output};
use crate::text::{plain, value};
use crate::{linked_service, names};
use serde_json::{Value, json};
use sluice_contract::document::{member, text};
use sluice_contract::{Code, Object};
use std::collections::{BTreeMap, BTreeSet};

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A gateway; an integration runtime today.
    Gateway,
    /// A linked service.
    LinkedService,
    /// A dataset; a table in 2014.
    Dataset,
    /// A pipeline.
    Pipeline,
    /// A trigger; there were none in v1.
    Trigger,
}

/// A document of v1.
#[derive(Clone, Copy)]
pub struct Old<'a> {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: &'a str,
    /// `{"properties": {..}}`, spelled as people do.
    pub body: &'a Value,
}

/// A document of today.
#[derive(Clone)]
pub struct Translated {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// `{"properties": {..}}`.
    pub body: Value,
    /// The place of the document that it comes from.
    pub of: usize,
}

/// Something to know about a document of v1.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// The place of the document.
    pub of: usize,
    /// Names and numbers that lead to the value.
    pub path: Vec<Value>,
    /// Its code where it is refused; none where it runs, but not quite as before.
    pub code: Option<Code>,
    /// What it is, in words.
    pub text: String,
}

/// What became of the documents.
#[derive(Clone, Default)]
pub struct Translation {
    /// The documents of today, in the order in which they can be made.
    pub documents: Vec<Translated>,
    /// What to know about them.
    pub notes: Vec<Note>,
    /// Who makes the slices of which dataset.
    pub outputs: Vec<Output>,
}

/// Collects what is to be known about one document.
pub(crate) struct Notes<'a> {
    pub(crate) of: usize,
    pub(crate) all: &'a mut Vec<Note>,
}

impl Notes<'_> {
    pub(crate) fn refuse(&mut self, code: Code, path: &[&str], text: impl Into<String>) {
        self.refuse_at(code, path.iter().map(|step| Value::from(*step)).collect(), text);
    }

    pub(crate) fn refuse_at(&mut self, code: Code, path: Vec<Value>, text: impl Into<String>) {
        self.push(Some(code), path, text.into());
    }

    pub(crate) fn note(&mut self, path: &[&str], text: impl Into<String>) {
        self.push(None, path.iter().map(|step| Value::from(*step)).collect(), text.into());
    }

    pub(crate) fn note_at(&mut self, path: Vec<Value>, text: impl Into<String>) {
        self.push(None, path, text.into());
    }

    fn push(&mut self, code: Option<Code>, path: Vec<Value>, text: String) {
        let note = Note {
            of: self.of,
            path,
            code,
            text,
        };
        if !self.all.contains(&note) {
            self.all.push(note);
        }
    }
}

/// What is known of all documents.
pub(crate) struct Old1<'a> {
    pub(crate) pipelines: Vec<(usize, &'a str, &'a Object)>,
    /// By name in lower case: the place of the document, its name, and what it says.
    pub(crate) datasets: BTreeMap<String, (usize, String, Dataset)>,
}

/// Translates documents. Names are compared without regard to case; of two of one kind and name the later one counts.
pub fn translate(old: &[Old<'_>]) -> Translation {
    let mut made = Translation::default();
    let mut services = BTreeMap::new();
    for (of, document) in old.iter().enumerate() {
        if document.kind == Kind::LinkedService
            && let Some(properties) = properties(document.body)
            && let Some(kind) = text(properties, "type")
        {
            services.insert(document.name.to_lowercase(), names::linked_service(kind).to_owned());
        }
        if properties(document.body).is_none() {
            let mut notes = Notes {
                of,
                all: &mut made.notes,
            };
            notes.refuse(Code::DocumentInvalid, &[], "the document has no object `properties`");
        }
    }
    let known = |name: &str| services.get(&name.to_lowercase()).cloned();
    let mut all = Old1 {
        pipelines: Vec::new(),
        datasets: BTreeMap::new(),
    };
    for (of, document) in old.iter().enumerate() {
        let Some(properties) = properties(document.body) else {
            continue;
        };
        let mut notes = Notes {
            of,
            all: &mut made.notes,
        };
        match document.kind {
            Kind::Gateway => {
                let body = gateway(properties);
                push(&mut made.documents, Kind::Gateway, document.name, body, of);
            }
            Kind::LinkedService => {
                if let Some(body) = linked_service::translate(properties, &mut notes) {
                    push(&mut made.documents, Kind::LinkedService, document.name, body, of);
                }
            }
            Kind::Dataset => {
                if let Some(dataset) = Dataset::read(properties, &known, &mut notes) {
                    all.datasets
                        .insert(document.name.to_lowercase(), (of, document.name.to_owned(), dataset));
                }
            }
            Kind::Pipeline => all.pipelines.push((of, document.name, properties)),
            Kind::Trigger => {}
        }
    }
    let uses = pipeline::uses(&all);
    for (key, (of, name, dataset)) in &all.datasets {
        let using = uses.get(key).cloned().unwrap_or_default();
        push(
            &mut made.documents,
            Kind::Dataset,
            name,
            dataset.write(!using.as_is, using.header),
            *of,
        );
        if using.as_is && using.as_text {
            let body = dataset.write(true, using.header);
            push(
                &mut made.documents,
                Kind::Dataset,
                &pipeline::text_name(name),
                body,
                *of,
            );
        }
    }
    pipeline::translate(&all, &uses, &mut made);
    made.documents.sort_by_key(|document| document.kind);
    made
}

pub(crate) fn push(documents: &mut Vec<Translated>, kind: Kind, name: &str, properties: Value, of: usize) {
    documents.push(Translated {
        kind,
        name: name.to_owned(),
        body: json!({ "name": name, "properties": properties }),
        of,
    });
}

fn properties(body: &Value) -> Option<&Object> {
    member(body.as_object()?, "properties")?.as_object()
}

fn gateway(properties: &Object) -> Value {
    let mut made = json!({ "type": "SelfHosted" });
    if let (Some(description), Some(object)) = (text(properties, "description"), made.as_object_mut()) {
        object.insert("description".to_owned(), description.into());
    }
    made
}

/// Turns every function below a value into an expression; other texts stay what they are.
pub(crate) fn convert(
    old: &Value,
    start: &str,
    end: &str,
    path: &[Value],
    windowed: &mut bool,
    notes: &mut Notes<'_>,
) -> Value {
    let below = |step: Value| -> Vec<Value> { path.iter().cloned().chain([step]).collect() };
    match old {
        Value::String(text) => match Function::parse(text) {
            None => plain(text.clone()),
            Some(function) => match function.and_then(|function| function.pieces(start, end)) {
                Ok(pieces) => {
                    *windowed = true;
                    value(&pieces)
                }
                Err(cause) => {
                    notes.refuse_at(Code::OldExpressionInvalid, path.to_vec(), cause);
                    old.clone()
                }
            },
        },
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items
                .map(|(i, item)| convert(item, start, end, &below(i.into()), windowed, notes))
                .collect()
        }
        Value::Object(object) => {
            let members = object.iter();
            let made = members.map(|(name, value)| {
                (
                    name.clone(),
                    convert(value, start, end, &below(name.as_str().into()), windowed, notes),
                )
            });
            Value::Object(made.collect())
        }
        other => other.clone(),
    }
}

/// How a dataset of files without a format is used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Use {
    pub(crate) as_is: bool,
    pub(crate) as_text: bool,
    /// Whether a copy writes the names of columns.
    pub(crate) header: bool,
}

/// Names of datasets in lower case.
pub(crate) type Uses = BTreeMap<String, Use>;
/// A set of names in lower case.
pub(crate) type Names = BTreeSet<String>;
