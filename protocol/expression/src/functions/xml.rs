//! XML values: `{"$content-type": "application/xml;charset=utf-8", "$content": base64}`, and their JSON.

use super::Args;
use super::encode::{self, content};
use crate::value::to_text;
use serde_json::{Map, Value};
use sxd_document::dom::{ChildOfElement, Document, Element};
use sxd_document::{Package, parser};
use sxd_xpath::{Context, Factory, Value as Found, nodeset::Node};

const KIND: &str = "application/xml;charset=utf-8";
/// Deeper documents are not walked through: their nesting would be that of the calls.
const DEPTH: usize = 128;

pub(super) fn is_xml(value: &Value) -> bool {
    content(value).is_some_and(|(kind, _)| kind.contains("xml"))
}

pub(super) fn xml(args: &Args<'_>) -> Result<Value, String> {
    let text = match args.value(0) {
        Value::Object(object) if !is_xml(args.value(0)) => from_object(object)?,
        value => source(value)?,
    };
    parse(&text)?;
    Ok(encode::binary(KIND, text.as_bytes()))
}

pub(super) fn xpath(args: &Args<'_>) -> Result<Value, String> {
    let package = parse(&source(args.value(0))?)?;
    let path = args.text(1)?;
    let wrong = |why: String| format!("{path:?} is not an XPath expression: {why}");
    let compiled = Factory::new()
        .build(&path)
        .map_err(|error| wrong(error.to_string()))?
        .ok_or_else(|| wrong("it is empty".to_owned()))?;
    let document = package.as_document();
    let found = compiled
        .evaluate(&Context::new(), document.root())
        .map_err(|error| format!("{path:?} cannot be evaluated: {error}"))?;
    match found {
        Found::Boolean(truth) => Ok(Value::Bool(truth)),
        Found::String(text) => Ok(Value::String(text)),
        Found::Number(number) if number.fract() == 0.0 && number.abs() < 9.0e15 => Ok(Value::from(number as i64)),
        Found::Number(number) => super::number::Num::Float(number).value(),
        Found::Nodeset(nodes) => nodes.document_order().into_iter().map(node).collect(),
    }
}

/// An XML value as JSON: attributes are `@name`, the text beside them is `#text`, elements of the same name are an array.
pub(super) fn to_json(value: &Value) -> Result<Value, String> {
    let package = parse(&source(value)?)?;
    let root = root(package.as_document())?;
    Ok(Value::Object(Map::from_iter([(name(root), object(root, 0)?)])))
}

fn source(value: &Value) -> Result<String, String> {
    match content(value) {
        Some((_, bytes)) => String::from_utf8(bytes?).map_err(|_| "the XML is not in UTF-8".to_owned()),
        None => Ok(to_text(value)),
    }
}

fn parse(text: &str) -> Result<Package, String> {
    // The parser knows no byte order mark.
    let text = text.trim_start_matches('\u{feff}').trim();
    let package = parser::parse(text).map_err(|error| format!("the text is not XML: {error}"))?;
    if let Ok(root) = root(package.as_document()) {
        join_texts(package.as_document(), root, 0)?;
    }
    Ok(package)
}

/// The parser makes a text of its own of every `&...;`: XPath knows only one between two elements.
fn join_texts(document: Document<'_>, element: Element<'_>, depth: usize) -> Result<(), String> {
    if depth > DEPTH {
        return Err(too_deep());
    }
    let mut joined: Vec<ChildOfElement<'_>> = Vec::new();
    let mut text = String::new();
    for child in element.children() {
        if let ChildOfElement::Text(part) = child {
            text.push_str(part.text());
            continue;
        }
        if !text.is_empty() {
            joined.push(document.create_text(&std::mem::take(&mut text)).into());
        }
        if let ChildOfElement::Element(inner) = child {
            join_texts(document, inner, depth + 1)?;
        }
        joined.push(child);
    }
    if !text.is_empty() {
        joined.push(document.create_text(&text).into());
    }
    element.replace_children(joined);
    Ok(())
}

fn root(document: Document<'_>) -> Result<Element<'_>, String> {
    let children = document.root().children();
    children
        .into_iter()
        .find_map(|child| child.element())
        .ok_or_else(|| "the XML has no element".to_owned())
}

fn name(element: Element<'_>) -> String {
    let local = element.name().local_part();
    match element.preferred_prefix() {
        Some(prefix) => format!("{prefix}:{local}"),
        None => local.to_owned(),
    }
}

fn node(node: Node<'_>) -> Result<Value, String> {
    match node {
        Node::Element(element) => {
            let mut text = String::new();
            write(element, &mut text, 0)?;
            Ok(encode::binary(KIND, text.as_bytes()))
        }
        Node::Root(root) => {
            let mut text = String::new();
            for child in root.children() {
                if let Some(element) = child.element() {
                    write(element, &mut text, 0)?;
                }
            }
            Ok(encode::binary(KIND, text.as_bytes()))
        }
        other => Ok(Value::String(other.string_value())),
    }
}

fn too_deep() -> String {
    format!("the XML is nested deeper than {DEPTH} levels")
}

fn write(element: Element<'_>, text: &mut String, depth: usize) -> Result<(), String> {
    if depth > DEPTH {
        return Err(too_deep());
    }
    let tag = name(element);
    text.push('<');
    text.push_str(&tag);
    for attribute in element.attributes() {
        let (name, value) = (attribute.name().local_part(), escape(attribute.value()));
        text.push_str(&format!(" {name}=\"{value}\""));
    }
    if element.children().is_empty() {
        text.push_str("/>");
        return Ok(());
    }
    text.push('>');
    for child in element.children() {
        match child {
            ChildOfElement::Element(inner) => write(inner, text, depth + 1)?,
            ChildOfElement::Text(inner) => text.push_str(&escape(inner.text())),
            _ => {}
        }
    }
    text.push_str(&format!("</{tag}>"));
    Ok(())
}

fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

fn object(element: Element<'_>, depth: usize) -> Result<Value, String> {
    if depth > DEPTH {
        return Err(too_deep());
    }
    let mut members = Map::new();
    for attribute in element.attributes() {
        members.insert(
            format!("@{}", attribute.name().local_part()),
            Value::from(attribute.value()),
        );
    }
    let mut text = String::new();
    for child in element.children() {
        match child {
            ChildOfElement::Element(inner) => add(&mut members, name(inner), object(inner, depth + 1)?),
            ChildOfElement::Text(inner) => text.push_str(inner.text()),
            _ => {}
        }
    }
    let has_text = !text.trim().is_empty();
    Ok(match (members.is_empty(), has_text) {
        (true, true) => Value::String(text),
        (true, false) => Value::Null,
        (false, true) => {
            members.insert("#text".to_owned(), Value::String(text));
            Value::Object(members)
        }
        (false, false) => Value::Object(members),
    })
}

/// Adds an element; the second of the same name makes an array of both.
fn add(members: &mut Map<String, Value>, name: String, value: Value) {
    match members.get_mut(&name) {
        None => {
            members.insert(name, value);
        }
        Some(Value::Array(items)) => items.push(value),
        Some(one) => *one = Value::Array(vec![one.take(), value]),
    }
}

/// JSON as XML: the opposite of [`to_json`].
fn from_object(object: &Map<String, Value>) -> Result<String, String> {
    let mut members = object.iter().filter(|(name, _)| !name.starts_with('?'));
    let (Some((name, value)), None) = (members.next(), members.next()) else {
        return Err("an object has to have one member, the root element, to become XML".to_owned());
    };
    let mut text = String::new();
    element(name, value, &mut text)?;
    Ok(text)
}

fn element(name: &str, value: &Value, text: &mut String) -> Result<(), String> {
    match value {
        Value::Array(items) => {
            for item in items {
                element(name, item, text)?;
            }
        }
        Value::Object(members) => {
            text.push_str(&format!("<{name}"));
            for (attribute, value) in members {
                if let Some(attribute) = attribute.strip_prefix('@') {
                    text.push_str(&format!(" {attribute}=\"{}\"", escape(&to_text(value))));
                }
            }
            text.push('>');
            for (member, value) in members {
                match member.as_str() {
                    "#text" => text.push_str(&escape(&to_text(value))),
                    member if member.starts_with('@') => {}
                    member => element(member, value, text)?,
                }
            }
            text.push_str(&format!("</{name}>"));
        }
        value => text.push_str(&format!("<{name}>{}</{name}>", escape(&to_text(value)))),
    }
    Ok(())
}
