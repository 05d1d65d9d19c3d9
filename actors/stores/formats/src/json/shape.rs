//! What values look like, and the Arrow types that hold them all exactly.

use super::node::Node;
use super::number::{self, Digits};
use arrow::datatypes::{DataType, Field, Fields};
use std::sync::Arc;

/// Members of all objects of one place together; more are names that are data.
const MEMBERS_MAX: usize = 4096;

/// What was seen in one place.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Shape {
    /// Nothing but null.
    #[default]
    Unknown,
    Bool,
    Number(Digits),
    Text,
    List(Box<Shape>),
    Object(Vec<(String, Shape)>),
    /// Values of several kinds.
    Mixed,
}

impl Shape {
    /// Takes another value into account.
    ///
    /// # Errors
    /// What is too much, in words.
    pub(super) fn add(&mut self, node: &Node<'_>) -> Result<(), String> {
        match (&mut *self, node) {
            (_, Node::Null) | (Self::Mixed, _) => {}
            (Self::Bool, Node::Bool(_)) | (Self::Text, Node::Text(_)) => {}
            (Self::Number(digits), Node::Number(text)) => digits.join(Digits::of(text)),
            (Self::List(item), Node::Array(elements, _)) => elements.iter().try_for_each(|node| item.add(node))?,
            (Self::Object(known), Node::Object(members, _)) => {
                for (at, (name, node)) in members.iter().enumerate() {
                    // Objects mostly have their members in the same order.
                    let found = match known.get(at) {
                        Some((key, _)) if key == name => Some(at),
                        _ => known.iter().position(|(key, _)| key == name),
                    };
                    let found = match found {
                        Some(found) => found,
                        None if known.len() >= MEMBERS_MAX => {
                            return Err(format!(
                                "there are more than {MEMBERS_MAX} different members; take the object as text, with \
                                 `mapComplexValuesToString` or a column of type String in the dataset's `schema`"
                            ));
                        }
                        None => {
                            known.push((name.clone().into_owned(), Self::Unknown));
                            known.len() - 1
                        }
                    };
                    known[found].1.add(node)?;
                }
            }
            (Self::Unknown, node) => {
                *self = match node {
                    Node::Null => Self::Unknown,
                    Node::Bool(_) => Self::Bool,
                    Node::Number(text) => Self::Number(Digits::of(text)),
                    Node::Text(_) => Self::Text,
                    Node::Array(..) => Self::List(Box::default()),
                    Node::Object(..) => Self::Object(Vec::new()),
                };
                if matches!(self, Self::List(_) | Self::Object(_)) {
                    self.add(node)?;
                }
            }
            _ => *self = Self::Mixed,
        }
        Ok(())
    }

    /// Takes what was seen elsewhere into account.
    pub(super) fn join(&mut self, other: Self) {
        match (&mut *self, other) {
            (_, Self::Unknown) => {}
            (Self::Unknown, other) => *self = other,
            (Self::Bool, Self::Bool) | (Self::Text, Self::Text) => {}
            (Self::Number(digits), Self::Number(others)) => digits.join(others),
            (Self::List(item), Self::List(other)) => item.join(*other),
            (Self::Object(known), Self::Object(others)) => {
                for (name, shape) in others {
                    match known.iter_mut().find(|(key, _)| *key == name) {
                        Some((_, known)) => known.join(shape),
                        None => known.push((name, shape)),
                    }
                }
            }
            _ => *self = Self::Mixed,
        }
    }

    /// The type that holds all of it exactly; `flat` makes texts of objects and arrays.
    pub(super) fn data_type(&self, flat: bool) -> DataType {
        match self {
            Self::Unknown | Self::Text | Self::Mixed => DataType::Utf8,
            Self::Bool => DataType::Boolean,
            Self::Number(digits) => number::data_type(digits),
            Self::List(_) | Self::Object(_) if flat => DataType::Utf8,
            Self::List(item) => DataType::List(Arc::new(Field::new("item", item.data_type(false), true))),
            // A struct without members is carried by no store.
            Self::Object(members) if members.is_empty() => DataType::Utf8,
            Self::Object(members) => {
                let field = |(name, shape): &(String, Self)| Field::new(name, shape.data_type(false), true);
                DataType::Struct(members.iter().map(field).collect::<Fields>())
            }
        }
    }
}
