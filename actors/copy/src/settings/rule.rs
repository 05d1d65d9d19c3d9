//! One object of settings against the table.

use super::table::{Deed, Place, Row, TABLE};
use super::value::{expression_within, is_set, unsupported};
use serde_json::Value;
use sluice_contract::document::member;
use sluice_contract::{Fault, Object};

/// Checks an object's members, and collects the names of those that change nothing.
///
/// # Errors
/// `SL4009` for a member that is not served or not known, `SL4014` for an expression where the value decides.
pub(super) fn check(place: Place, settings: &Object, idle: &mut Vec<String>) -> Result<(), Fault> {
    check_in(TABLE, place, settings, idle)
}

/// The same with another table.
pub(super) fn check_in(table: &[Row], place: Place, settings: &Object, idle: &mut Vec<String>) -> Result<(), Fault> {
    for (key, value) in settings {
        let both_ends = place == Place::Activity && ["source", "sink"].iter().any(|end| key.eq_ignore_ascii_case(end));
        let row = |row: &&Row| row.place == place && row.outer().eq_ignore_ascii_case(key);
        let rows: Vec<&Row> = table.iter().filter(row).collect();
        if both_ends {
            continue;
        }
        if rows.is_empty() && is_set(value) {
            let why = "this version does not know it, and cannot say what would arrive";
            return Err(unsupported(&place.name_of(key), why));
        }
        for row in rows {
            if let Some(value) = row.value_in(value) {
                decide(row, value, idle)?;
            }
        }
    }
    Ok(())
}

fn decide(row: &Row, value: &Value, idle: &mut Vec<String>) -> Result<(), Fault> {
    let name = row.place.name_of(row.member);
    if matches!(row.deed, Deed::Acted | Deed::Refused) {
        expression_within(&name, value)?;
    }
    if !row.when.holds(value) {
        return Ok(());
    }
    match row.deed {
        Deed::Refused => return Err(unsupported(&name, row.text)),
        Deed::Idle => idle.push(format!("`{name}` ({})", row.text)),
        Deed::Acted | Deed::Store => {}
    }
    Ok(())
}

impl Row {
    /// The member of the object that is checked: what is before the dot.
    fn outer(&self) -> &'static str {
        self.member.split_once('.').map_or(self.member, |(outer, _)| outer)
    }

    /// The value that the row is about.
    fn value_in<'a>(&self, outer: &'a Value) -> Option<&'a Value> {
        match self.member.split_once('.') {
            None => Some(outer),
            Some((_, inner)) => outer.as_object().and_then(|object| member(object, inner)),
        }
    }
}
