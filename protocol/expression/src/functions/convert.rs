//! One type from another.

use super::number::{Num, whole};
use super::{Args, Body, Function, encode, xml};
use crate::ast::Expr;
use crate::evaluate::evaluate;
use crate::value::to_text;
use crate::{Error, Scope};
use serde_json::Value;
use std::borrow::Cow;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "array",
        form: "array(value)",
        about: "an array of one value; an array stays as it is",
        body: Body::Strict(|args| {
            let value = args.value(0).clone();
            Ok(match value.is_array() {
                true => value,
                false => Value::Array(vec![value]),
            })
        }),
    },
    Function {
        name: "base64",
        form: "base64(text)",
        about: "the text's bytes in base64",
        body: Body::Strict(|args| Ok(Value::String(encode::base64(&encode::bytes(args, 0)?)))),
    },
    Function {
        name: "base64ToBinary",
        form: "base64ToBinary(text)",
        about: "base64 as a binary value",
        body: Body::Strict(|args| {
            Ok(encode::binary(
                "application/octet-stream",
                &encode::from_base64(&args.text(0)?)?,
            ))
        }),
    },
    Function {
        name: "base64ToString",
        form: "base64ToString(text)",
        about: "the text that was written in base64",
        body: Body::Strict(|args| encode::text(encode::from_base64(&args.text(0)?)?)),
    },
    Function {
        name: "binary",
        form: "binary(value)",
        about: "a binary value",
        body: Body::Strict(|args| Ok(encode::binary("application/octet-stream", &encode::bytes(args, 0)?))),
    },
    Function {
        name: "bool",
        form: "bool(value)",
        about: "a boolean: of 'true' and 'false' in any case, or of a number, where 0 is false",
        body: Body::Strict(boolean),
    },
    Function {
        name: "coalesce",
        form: "coalesce(value, ...)",
        about: "the first value that is not null",
        body: Body::Lazy(coalesce),
    },
    Function {
        name: "createArray",
        form: "createArray(value?, ...)",
        about: "an array of the values",
        body: Body::Strict(|args| Ok(Value::Array(args.values.clone()))),
    },
    Function {
        name: "dataUri",
        form: "dataUri(value)",
        about: "a data URI of the value",
        body: Body::Strict(|args| Ok(Value::String(encode::data_uri(args)?))),
    },
    Function {
        name: "dataUriToBinary",
        form: "dataUriToBinary(uri)",
        about: "a data URI as a binary value of its own text",
        body: Body::Strict(|args| Ok(encode::binary("application/octet-stream", args.text(0)?.as_bytes()))),
    },
    Function {
        name: "dataUriToString",
        form: "dataUriToString(uri)",
        about: "the text in a data URI",
        body: Body::Strict(|args| encode::text(encode::read_data_uri(&args.text(0)?)?.1)),
    },
    Function {
        name: "decodeBase64",
        form: "decodeBase64(text)",
        about: "the text that was written in base64",
        body: Body::Strict(|args| encode::text(encode::from_base64(&args.text(0)?)?)),
    },
    Function {
        name: "decodeDataUri",
        form: "decodeDataUri(uri)",
        about: "the content of a data URI as a binary value",
        body: Body::Strict(|args| {
            let (kind, bytes) = encode::read_data_uri(&args.text(0)?)?;
            Ok(encode::binary(&kind, &bytes))
        }),
    },
    Function {
        name: "decodeUriComponent",
        form: "decodeUriComponent(text)",
        about: "the text with its %XX replaced by what they stand for",
        body: Body::Strict(|args| encode::text(encode::from_uri(&args.text(0)?)?)),
    },
    Function {
        name: "encodeUriComponent",
        form: "encodeUriComponent(text)",
        about: "the text with %XX for what a URI does not take",
        body: Body::Strict(|args| Ok(Value::String(encode::to_uri(args.text(0)?.as_bytes())))),
    },
    Function {
        name: "float",
        form: "float(value)",
        about: "a number with a fraction",
        body: Body::Strict(|args| match Num::of(args.value(0)) {
            Some(number) => Num::Float(number.float()).value(),
            None => Err(args.wrong(0, "a number, or a text that is one")),
        }),
    },
    Function {
        name: "int",
        form: "int(value)",
        about: "an integer: of a text of digits, a boolean, or a number without fraction",
        body: Body::Strict(|args| match args.value(0) {
            Value::Bool(truth) => Ok(Value::from(i64::from(*truth))),
            value => whole(value)
                .map(Value::from)
                .ok_or_else(|| format!("{} is not an integer", shown(value))),
        }),
    },
    Function {
        name: "json",
        form: "json(value)",
        about: "the value that a text of JSON, or an XML value, describes",
        body: Body::Strict(json),
    },
    Function {
        name: "string",
        form: "string(value)",
        about: "the value as text: True and False for booleans, JSON for objects and arrays",
        body: Body::Strict(|args| Ok(Value::String(to_text(args.value(0))))),
    },
    Function {
        name: "uriComponent",
        form: "uriComponent(text)",
        about: "the text with %XX for what a URI does not take",
        body: Body::Strict(|args| Ok(Value::String(encode::to_uri(args.text(0)?.as_bytes())))),
    },
    Function {
        name: "uriComponentToBinary",
        form: "uriComponentToBinary(text)",
        about: "a text with %XX as a binary value",
        body: Body::Strict(|args| {
            Ok(encode::binary(
                "application/octet-stream",
                &encode::from_uri(&args.text(0)?)?,
            ))
        }),
    },
    Function {
        name: "uriComponentToString",
        form: "uriComponentToString(text)",
        about: "the text with its %XX replaced by what they stand for",
        body: Body::Strict(|args| encode::text(encode::from_uri(&args.text(0)?)?)),
    },
    Function {
        name: "xml",
        form: "xml(value)",
        about: "an XML value of a text, or of an object with one member",
        body: Body::Strict(xml::xml),
    },
    Function {
        name: "xpath",
        form: "xpath(xml, expression)",
        about: "what an XPath 1.0 expression finds in an XML value",
        body: Body::Strict(xml::xpath),
    },
];

/// A value for an error message, not too long.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        None => text,
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}

fn boolean(args: &Args<'_>) -> Result<Value, String> {
    let truth = match args.value(0) {
        Value::Bool(truth) => Some(*truth),
        Value::Number(number) => number.as_f64().map(|number| number != 0.0),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    };
    truth
        .map(Value::Bool)
        .ok_or_else(|| format!("{} is not a boolean", shown(args.value(0))))
}

fn coalesce<'a>(_: usize, arguments: &'a [Expr], scope: &'a dyn Scope) -> Result<Cow<'a, Value>, Error> {
    for argument in arguments {
        let value = evaluate(argument, scope)?;
        if !value.is_null() {
            return Ok(value);
        }
    }
    Ok(Cow::Owned(Value::Null))
}

fn json(args: &Args<'_>) -> Result<Value, String> {
    match args.value(0) {
        Value::String(text) => serde_json::from_str(text).map_err(|error| format!("the text is not JSON: {error}")),
        value if xml::is_xml(value) => xml::to_json(value),
        value => Ok(value.clone()),
    }
}
