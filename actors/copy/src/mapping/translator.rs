//! The activity's `translator`, read.

use super::kind::Kind;
use super::{literal, malformed};
use crate::convert::{Column, Rules};
use crate::settings::{is_set, unsupported};
use serde_json::Value;
use sluice_contract::document::{member, text};
use sluice_contract::{Code, Fault, Object};

/// Which columns are copied, in which order and under which names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mapping(pub(super) Vec<Pair>);

/// A translator, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Translator {
    /// None when it leaves the columns to their names.
    pub(crate) mapping: Option<Mapping>,
    /// None when values are carried as they are.
    pub(crate) rules: Option<Rules>,
    /// Nested values become JSON texts.
    pub(crate) nested_as_text: bool,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) source: Side,
    pub(super) sink: Side,
}

/// How a mapping names a column of one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Side {
    /// Where it stands in the document.
    pub(super) place: String,
    pub(super) name: Option<String>,
    /// From 1.
    pub(super) ordinal: Option<usize>,
    /// The type it names, read and as it was written.
    pub(super) kind: Option<(Kind, String)>,
    /// How its values are written.
    pub(super) column: Column,
}

impl Mapping {
    /// Reads it; `paths` says whether the source makes its columns of paths.
    ///
    /// # Errors
    /// `SL4009` for what is not served, `SL4005` and `SL4006` when it is malformed.
    pub(crate) fn read(value: &Value, paths: bool) -> Result<Translator, Fault> {
        let translator = value
            .as_object()
            .ok_or_else(|| malformed("`translator` is not an object"))?;
        let kind =
            text(translator, "type").ok_or_else(|| Fault::new(Code::TypeMissing, "`translator` has no text `type`"))?;
        if !kind.eq_ignore_ascii_case("TabularTranslator") {
            return Err(unsupported("translator", format!("the type {kind:?} is not known")));
        }
        let rules = Rules::read(translator)?;
        let converts = rules.is_some();
        let mut nested_as_text = false;
        let mut found = None;
        for (key, value) in translator.iter().filter(|(_, value)| is_set(value)) {
            let pairs = match key.to_ascii_lowercase().as_str() {
                "type" | "typeconversion" | "typeconversionsettings" => continue,
                "mappings" => pairs(value, paths, converts)?,
                "columnmappings" => old_pairs(value)?,
                "mapcomplexvaluestostring" => {
                    nested_as_text = true;
                    continue;
                }
                // The source applies it.
                "collectionreference" if paths => continue,
                "schemamapping" if paths => old_pairs(value)?,
                "collectionreference" | "schemamapping" => {
                    return Err(unsupported(
                        &format!("translator.{key}"),
                        "the source has columns, no paths",
                    ));
                }
                _ => return Err(unsupported(&format!("translator.{key}"), "it is not known")),
            };
            if found.replace(Self(pairs)).is_some() {
                return Err(malformed("`translator` has both `mappings` and `columnMappings`"));
            }
        }
        Ok(Translator {
            mapping: found,
            rules,
            nested_as_text,
        })
    }
}

/// `[{"source": {..}, "sink": {..}}]`.
fn pairs(value: &Value, paths: bool, converts: bool) -> Result<Vec<Pair>, Fault> {
    const PLACE: &str = "translator.mappings";
    let items = value.as_array();
    let items = items.ok_or_else(|| malformed(format!("`{PLACE}` is not an array")))?;
    let pair = |(i, item): (usize, &Value)| {
        let place = format!("{PLACE}[{i}]");
        let object = item
            .as_object()
            .ok_or_else(|| malformed(format!("`{place}` is not an object")))?;
        let strange = |key: &&String| !["source", "sink"].iter().any(|side| key.eq_ignore_ascii_case(side));
        if let Some(key) = object.keys().find(strange) {
            return Err(unsupported(&format!("{place}.{key}"), "it is not known"));
        }
        let side = |name: &str, paths: bool| {
            let side = member(object, name).and_then(Value::as_object);
            let side = side.ok_or_else(|| malformed(format!("`{place}` has no object `{name}`")))?;
            Side::read(format!("{place}.{name}"), side, paths, converts)
        };
        Ok(Pair {
            source: side("source", paths)?,
            // Only columns are written, no documents.
            sink: side("sink", false)?,
        })
    };
    items.iter().enumerate().map(pair).collect()
}

/// The older `"a: b, c: d"`, or `{"a": "b"}`.
fn old_pairs(value: &Value) -> Result<Vec<Pair>, Fault> {
    const PLACE: &str = "translator.columnMappings";
    let named = |from: &str, to: &str| {
        let side = |name: &str| match name.trim() {
            "" => Err(malformed(format!("`{PLACE}` has a column without a name"))),
            name => Ok(Side {
                place: PLACE.to_owned(),
                name: Some(literal(name)),
                ordinal: None,
                kind: None,
                column: Column::default(),
            }),
        };
        Ok(Pair {
            source: side(from)?,
            sink: side(to)?,
        })
    };
    match value {
        Value::String(list) => list
            .split(',')
            .map(|pair| match pair.split(':').collect::<Vec<_>>()[..] {
                [from, to] => named(from, to),
                _ => Err(malformed(format!(
                    "`{PLACE}`: {pair:?} is not of the form `source: sink`"
                ))),
            })
            .collect(),
        Value::Object(members) => members
            .iter()
            .map(|(from, to)| {
                let to = to.as_str();
                named(
                    from,
                    to.ok_or_else(|| malformed(format!("`{PLACE}.{from}` is not a text")))?,
                )
            })
            .collect(),
        _ => Err(malformed(format!("`{PLACE}` is neither a text nor an object"))),
    }
}

impl Side {
    fn read(place: String, side: &Object, paths: bool, converts: bool) -> Result<Self, Fault> {
        let mut found = Self {
            place,
            name: None,
            ordinal: None,
            kind: None,
            column: Column::default(),
        };
        let path = member(side, "path").is_some_and(is_set);
        for (key, value) in side {
            let member = format!("{}.{key}", found.place);
            // A column may be named "false".
            let is_name = key.eq_ignore_ascii_case("name") && value.as_str().is_some_and(|name| !name.is_empty());
            if !is_name && !is_set(value) {
                continue;
            }
            let text = || {
                value
                    .as_str()
                    .ok_or_else(|| malformed(format!("`{member}` is not a text")))
            };
            match key.to_ascii_lowercase().as_str() {
                // The source names its columns by their paths.
                "path" if paths => found.name = Some(text()?.to_owned()),
                "name" if paths && path => {}
                "name" => found.name = Some(literal(text()?)),
                "ordinal" => found.ordinal = Some(ordinal(&member, value)?),
                "type" => {
                    let name = text()?;
                    let kind = Kind::parse(name).map(|kind| (kind, name.to_owned()));
                    found.kind = Some(kind.ok_or_else(|| unsupported(&member, format!("{name:?} is not known")))?);
                }
                "culture" if converts => found.column.culture = Some(text()?.to_owned()),
                "format" if converts => found.column.format = Some(text()?.to_owned()),
                "precision" => found.column.precision = Some(digits(&member, value, 1)?.unsigned_abs()),
                "scale" => found.column.scale = Some(digits(&member, value, 0)?),
                "culture" if is_plain_culture(value) => {}
                "culture" | "format" => {
                    return Err(unsupported(
                        &member,
                        "values are carried as they are without `typeConversion`",
                    ));
                }
                // They describe the column as its store does.
                "physicaltype" | "length" | "maxlength" | "nullable" | "description" => {}
                "path" => return Err(unsupported(&member, "it has columns, no paths")),
                _ => return Err(unsupported(&member, "it is not known")),
            }
        }
        if found.name.is_none() && found.ordinal.is_none() {
            return Err(malformed(format!("`{}` has neither `name` nor `ordinal`", found.place)));
        }
        Ok(found)
    }
}

/// Digits of a decimal.
fn digits(member: &str, value: &Value, least: i64) -> Result<i8, Fault> {
    let number = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
    number
        .filter(|number| (least..=38).contains(number))
        .and_then(|number| i8::try_from(number).ok())
        .ok_or_else(|| malformed(format!("`{member}` is not a number from {least} to 38")))
}

fn ordinal(member: &str, value: &Value) -> Result<usize, Fault> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_u64(),
    };
    number
        .and_then(|number| usize::try_from(number).ok())
        .filter(|number| *number > 0)
        .ok_or_else(|| malformed(format!("`{member}` is not a whole number from 1 on")))
}

/// Values are carried by their meaning, which is how this culture writes and reads them.
fn is_plain_culture(value: &Value) -> bool {
    let plain = ["en-us", "invariant"];
    value
        .as_str()
        .is_some_and(|name| plain.iter().any(|known| name.eq_ignore_ascii_case(known)))
}
