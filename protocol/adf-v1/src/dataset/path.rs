//! Folders and names of files, with the parts that say something else for every slice.

use super::{END, START};
use crate::function::Function;
use crate::text::{Piece, plain, split_at_slash, value};
use crate::translate::Notes;
use serde_json::Value;
use sluice_contract::document::{member, text};
use sluice_contract::{Code, Object};

/// The location of today, and the pattern of names.
pub(super) fn read(
    stem: &str,
    settings: &Object,
    place: &[&str],
    windowed: &mut bool,
    notes: &mut Notes<'_>,
) -> Option<(Object, Option<Value>)> {
    let variables = variables(settings, place, notes);
    let mut part = |name: &str| -> Option<Vec<Piece>> {
        let written = text(settings, name).filter(|text| !text.is_empty())?;
        let path: Vec<&str> = place.iter().copied().chain([name]).collect();
        let pieces = pieces(written, &variables, &path, notes);
        *windowed |= pieces.iter().any(|piece| matches!(piece, Piece::Computed(_)));
        Some(pieces)
    };
    // `blobPath` is what 2014 called it.
    let folder = part("folderPath").or_else(|| part("blobPath")).unwrap_or_default();
    let file = part("fileName");
    let wildcard = text(settings, "fileFilter").filter(|text| !text.is_empty());
    let mut location = Object::from_iter([("type".to_owned(), format!("{stem}Location").into())]);
    let mut folder = slashes(folder);
    if stem == "AzureBlobStorage" {
        let (container, rest) = split_at_slash(&folder);
        if container.iter().any(|piece| matches!(piece, Piece::Computed(_))) {
            let path: Vec<&str> = place.iter().copied().chain(["folderPath"]).collect();
            notes.refuse(
                Code::OldDocumentRefused,
                &path,
                "the container is another one for every slice",
            );
            return None;
        }
        location.insert("container".to_owned(), value(&container));
        folder = rest;
    }
    if !folder.is_empty() {
        location.insert("folderPath".to_owned(), value(&folder));
    }
    if let Some(file) = file {
        location.insert("fileName".to_owned(), value(&file));
    }
    Some((location, wildcard.map(|text| plain(text.to_owned()))))
}

/// Backslashes of Windows become slashes, and the path neither begins nor ends with one.
fn slashes(mut pieces: Vec<Piece>) -> Vec<Piece> {
    for piece in &mut pieces {
        if let Piece::Literal(literal) = piece {
            *literal = literal.replace('\\', "/");
        }
    }
    if let Some(Piece::Literal(first)) = pieces.first_mut() {
        *first = first.trim_start_matches('/').to_owned();
    }
    if let Some(Piece::Literal(last)) = pieces.last_mut() {
        *last = last.trim_end_matches('/').to_owned();
    }
    pieces.retain(|piece| *piece != Piece::Literal(String::new()));
    pieces
}

/// `partitionedBy`: names in lower case, and their expressions.
fn variables(settings: &Object, place: &[&str], notes: &mut Notes<'_>) -> Vec<(String, Piece)> {
    let items = member(settings, "partitionedBy").and_then(Value::as_array);
    let mut found = Vec::new();
    for (i, item) in items.into_iter().flatten().enumerate() {
        let mut path: Vec<Value> = place.iter().map(|step| Value::from(*step)).collect();
        path.extend(["partitionedBy".into(), i.into()]);
        let read = item.as_object().and_then(|item| {
            let value = member(item, "value")?.as_object()?;
            let date = Function::parse_bare(text(value, "date")?).ok()?;
            let format = text(value, "format").unwrap_or("G");
            let computed = date.write_moment(START, END).ok()?;
            sluice_dotnet::Format::parse(format, sluice_dotnet::Purpose::Moment, sluice_dotnet::Culture::EN_US).ok()?;
            let computed = format!("formatDateTime({computed},'{}')", format.replace('\'', "''"));
            Some((text(item, "name")?.to_lowercase(), Piece::Computed(computed)))
        });
        match read {
            Some(variable) => found.push(variable),
            None => notes.refuse_at(
                Code::OldDocumentRefused,
                path,
                "the partition is no name with a date and a format of .NET",
            ),
        }
    }
    found
}

/// A path: a function, or a text with `{Name}` in it.
fn pieces(written: &str, variables: &[(String, Piece)], path: &[&str], notes: &mut Notes<'_>) -> Vec<Piece> {
    if let Some(function) = Function::parse(written) {
        let pieces = function.and_then(|function| function.pieces(START, END));
        return pieces.unwrap_or_else(|cause| {
            notes.refuse(Code::OldExpressionInvalid, path, cause);
            Vec::new()
        });
    }
    let mut found = Vec::new();
    let mut literal = String::new();
    let mut rest = written;
    while let Some(at) = rest.find('{') {
        let behind = &rest[at + 1..];
        let name = behind.find('}').map(|end| &behind[..end]);
        let variable = name.and_then(|name| {
            let lower = name.trim().to_lowercase();
            let variable = variables.iter().find(|(known, _)| *known == lower);
            variable.map(|(_, piece)| (piece, name.len()))
        });
        match variable {
            Some((piece, length)) => {
                literal.push_str(&rest[..at]);
                if !literal.is_empty() {
                    found.push(Piece::Literal(std::mem::take(&mut literal)));
                }
                found.push(piece.clone());
                rest = &rest[at + length + 2..];
            }
            None => {
                literal.push_str(&rest[..=at]);
                rest = behind;
            }
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        found.push(Piece::Literal(literal));
    }
    found
}
