//! From what a mapping says to columns that are there.

use super::ends::{Ends, Form};
use super::kind::Kind;
use super::malformed;
use super::translator::{Mapping, Pair, Side};
use crate::settings::unsupported;
use arrow::datatypes::Field;
use sluice_contract::{Code, Fault};

/// Whether two names are the same but for case.
pub(super) fn alike(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

/// The place of a column, by its name: exactly, and failing that without regard to case.
///
/// # Errors
/// `SL6012` when there is none, or several that fit as well.
pub(super) fn by_name<'a>(
    names: impl Iterator<Item = &'a str> + Clone,
    name: &str,
    place: &str,
) -> Result<usize, Fault> {
    let exact = |found: &str| found == name;
    let all = |fits: &dyn Fn(&str) -> bool| -> Vec<usize> {
        let numbered = names.clone().enumerate();
        numbered.filter(|(_, found)| fits(found)).map(|(i, _)| i).collect()
    };
    let mut fits = all(&exact);
    if fits.is_empty() {
        fits = all(&|found| alike(found, name));
    }
    match fits[..] {
        [one] => Ok(one),
        [] => {
            let known: Vec<&str> = names.take(20).collect();
            let text = format!(
                "`{place}`: the source has no column {name:?}; it has {}",
                known.join(", ")
            );
            Err(Fault::new(Code::SchemaMismatch, text))
        }
        _ => {
            let text = format!("`{place}`: the source has several columns {name:?}");
            Err(Fault::new(Code::SchemaMismatch, text))
        }
    }
}

/// The place of the column that a mapping's source means.
///
/// # Errors
/// `SL6012` when it is not there.
pub(super) fn source(side: &Side, fields: &[Field], ends: Ends) -> Result<usize, Fault> {
    let place = &side.place;
    let index = match (&side.name, side.ordinal) {
        (name, Some(ordinal)) if name.is_none() || ends.source_by_place => {
            if ordinal > fields.len() {
                let text = format!(
                    "`{place}`: there is no column {ordinal}; the source has {}",
                    fields.len()
                );
                return Err(Fault::new(Code::SchemaMismatch, text));
            }
            ordinal - 1
        }
        (Some(name), _) => by_name(fields.iter().map(|field| field.name().as_str()), name, place)?,
        (None, _) => return Err(malformed(format!("`{place}` has neither `name` nor `ordinal`"))),
    };
    Ok(index)
}

/// Whether a column is of the type that the mapping says it is.
///
/// # Errors
/// `SL4009` naming the type.
pub(super) fn check_source(side: &Side, field: &Field) -> Result<(), Fault> {
    check_kind(side, field, Kind::describes)
}

/// Whether a value of this column arrives as the sink's type without being converted here.
///
/// # Errors
/// `SL4009` naming the type.
pub(super) fn check_sink(side: &Side, field: &Field, ends: Ends) -> Result<(), Fault> {
    check_kind(side, field, |kind, field| match ends.sink {
        Form::Table => true,
        Form::Made => kind.describes(field),
        Form::Own => kind.holds(field),
        Form::Text => kind == Kind::Text || kind.holds(field),
    })
}

fn check_kind(side: &Side, field: &Field, holds: impl Fn(Kind, &Field) -> bool) -> Result<(), Fault> {
    match &side.kind {
        Some((kind, name)) if !holds(*kind, field) => {
            let why = format!(
                "column {:?} is of type {} and is not converted to {name} without `typeConversion`",
                field.name(),
                field.data_type()
            );
            Err(unsupported(&format!("{}.type", side.place), why))
        }
        _ => Ok(()),
    }
}

/// The mappings in the order of the sink's columns, with these columns' names.
///
/// # Errors
/// `SL4005` when two go to one column, or when columns that go by their place leave one out.
pub(super) fn ordered(mapping: &Mapping, ends: Ends) -> Result<Vec<(&Pair, String)>, Fault> {
    let Mapping(pairs) = mapping;
    let nameless = pairs.iter().any(|pair| pair.sink.name.is_none());
    let any_place = pairs.iter().any(|pair| pair.sink.ordinal.is_some());
    let named = |pair: &Pair, place: usize| pair.sink.name.clone().unwrap_or_else(|| format!("Prop_{place}"));
    let mut order: Vec<&Pair> = pairs.iter().collect();
    if nameless || (ends.sink_by_place && any_place) {
        if let Some(pair) = pairs.iter().find(|pair| pair.sink.ordinal.is_none()) {
            let place = &pair.sink.place;
            return Err(malformed(format!(
                "`{place}` has no `ordinal`, and other mappings have only that"
            )));
        }
        order.sort_by_key(|pair| pair.sink.ordinal);
        for (i, pair) in order.iter().enumerate() {
            let (wanted, place) = (i + 1, &pair.sink.place);
            match pair.sink.ordinal {
                Some(ordinal) if ordinal < wanted => {
                    return Err(malformed(format!(
                        "`{place}`: two mappings go to the sink's column {ordinal}"
                    )));
                }
                Some(ordinal) if ordinal > wanted => {
                    return Err(malformed(format!(
                        "`{place}`: no mapping goes to the sink's column {wanted}"
                    )));
                }
                _ => {}
            }
        }
    }
    let named: Vec<(&Pair, String)> = order
        .into_iter()
        .enumerate()
        .map(|(i, pair)| (pair, named(pair, i)))
        .collect();
    for (i, (pair, name)) in named.iter().enumerate() {
        // Names that differ only in case are one column to many stores.
        if named[..i].iter().any(|(_, earlier)| alike(earlier, name)) {
            let place = &pair.sink.place;
            return Err(malformed(format!(
                "`{place}`: two mappings go to the sink's column {name:?}"
            )));
        }
    }
    Ok(named)
}
