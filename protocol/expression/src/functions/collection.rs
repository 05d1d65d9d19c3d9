//! Arrays, objects, and texts as far as they are collections of characters.

use super::{Args, Body, Function};
use crate::value::{member, same, to_text};
use serde_json::{Map, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "contains",
        form: "contains(collection, value)",
        about: "whether an array has an item, an object a property, or a text a part",
        body: Body::Strict(|args| match args.value(0) {
            Value::Array(items) => Ok(Value::Bool(items.iter().any(|item| same(item, args.value(1))))),
            Value::Object(object) => Ok(Value::Bool(member(object, &args.text(1)?).is_some())),
            Value::String(text) => Ok(Value::Bool(text.contains(&args.text(1)?))),
            _ => Err(args.wrong(0, "an array, an object or a text")),
        }),
    },
    Function {
        name: "empty",
        form: "empty(collection)",
        about: "whether there is nothing in it; null is empty",
        body: Body::Strict(|args| match args.value(0) {
            Value::Null => Ok(Value::Bool(true)),
            Value::Array(items) => Ok(Value::Bool(items.is_empty())),
            Value::Object(object) => Ok(Value::Bool(object.is_empty())),
            Value::String(text) => Ok(Value::Bool(text.is_empty())),
            _ => Err(args.wrong(0, "an array, an object or a text")),
        }),
    },
    Function {
        name: "first",
        form: "first(collection)",
        about: "the first item or character",
        body: Body::Strict(|args| end(args, |items| items.first().cloned(), |text| text.chars().next())),
    },
    Function {
        name: "intersection",
        form: "intersection(collection, collection, ...)",
        about: "what is in every array, or the properties that every object has",
        body: Body::Strict(intersection),
    },
    Function {
        name: "join",
        form: "join(array, delimiter)",
        about: "the items as texts with a delimiter between them",
        body: Body::Strict(|args| {
            let texts: Vec<String> = array(args, 0)?.iter().map(to_text).collect();
            Ok(Value::String(texts.join(&args.text(1)?)))
        }),
    },
    Function {
        name: "last",
        form: "last(collection)",
        about: "the last item or character",
        body: Body::Strict(|args| end(args, |items| items.last().cloned(), |text| text.chars().next_back())),
    },
    Function {
        name: "length",
        form: "length(collection)",
        about: "how many items or characters there are",
        body: Body::Strict(|args| match args.value(0) {
            Value::Array(items) => Ok(Value::from(items.len())),
            Value::String(text) => Ok(Value::from(text.encode_utf16().count())),
            _ => Err(args.wrong(0, "an array or a text")),
        }),
    },
    Function {
        name: "skip",
        form: "skip(collection, count)",
        about: "what is behind the first items or characters",
        body: Body::Strict(|args| cut(args, |count, length| count.min(length)..length)),
    },
    Function {
        name: "take",
        form: "take(collection, count)",
        about: "the first items or characters",
        body: Body::Strict(|args| cut(args, |count, length| 0..count.min(length))),
    },
    Function {
        name: "union",
        form: "union(collection, collection, ...)",
        about: "what is in any array, once; or the properties of all objects, those of later ones first",
        body: Body::Strict(union),
    },
];

fn array<'a>(args: &'a Args<'_>, place: usize) -> Result<&'a Vec<Value>, String> {
    args.value(place)
        .as_array()
        .ok_or_else(|| args.wrong(place, "an array"))
}

fn object<'a>(args: &'a Args<'_>, place: usize) -> Result<&'a Map<String, Value>, String> {
    args.value(place)
        .as_object()
        .ok_or_else(|| args.wrong(place, "an object"))
}

fn end(
    args: &Args<'_>,
    item: impl Fn(&[Value]) -> Option<Value>,
    letter: impl Fn(&str) -> Option<char>,
) -> Result<Value, String> {
    match args.value(0) {
        Value::Array(items) => Ok(item(items).unwrap_or(Value::Null)),
        Value::String(text) => Ok(Value::String(letter(text).map(String::from).unwrap_or_default())),
        _ => Err(args.wrong(0, "an array or a text")),
    }
}

fn cut(args: &Args<'_>, range: impl Fn(usize, usize) -> std::ops::Range<usize>) -> Result<Value, String> {
    let count = args.whole(1)?;
    let count = usize::try_from(count).map_err(|_| format!("{count} is no count"))?;
    match args.value(0) {
        Value::Array(items) => Ok(Value::Array(items[range(count, items.len())].to_vec())),
        Value::String(text) => {
            let units: Vec<u16> = text.encode_utf16().collect();
            let part = &units[range(count, units.len())];
            Ok(Value::String(String::from_utf16_lossy(part)))
        }
        _ => Err(args.wrong(0, "an array or a text")),
    }
}

fn intersection(args: &Args<'_>) -> Result<Value, String> {
    let others = 1..args.values.len();
    if args.value(0).is_object() {
        let mut common = object(args, 0)?.clone();
        for place in others {
            let other = object(args, place)?;
            common.retain(|name, value| other.get(name).is_some_and(|there| same(there, value)));
        }
        return Ok(Value::Object(common));
    }
    let mut common: Vec<Value> = Vec::new();
    for item in array(args, 0)? {
        let mut everywhere = true;
        for place in others.clone() {
            everywhere &= array(args, place)?.iter().any(|there| same(there, item));
        }
        if everywhere && !common.iter().any(|there| same(there, item)) {
            common.push(item.clone());
        }
    }
    Ok(Value::Array(common))
}

fn union(args: &Args<'_>) -> Result<Value, String> {
    if args.value(0).is_object() {
        let mut all = Map::new();
        for place in 0..args.values.len() {
            all.extend(object(args, place)?.clone());
        }
        return Ok(Value::Object(all));
    }
    let mut all: Vec<Value> = Vec::new();
    for place in 0..args.values.len() {
        for item in array(args, place)? {
            if !all.iter().any(|there| same(there, item)) {
                all.push(item.clone());
            }
        }
    }
    Ok(Value::Array(all))
}
