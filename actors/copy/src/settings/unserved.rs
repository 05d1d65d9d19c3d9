//! What of a Copy activity would be refused, for those who ask before it runs.

use super::rule::check_in;
use super::table::{Place, TABLE};
use super::{Fault, Object, binary};
use sluice_contract::document::{find_expression, is_expression};

/// Every member of a copy's settings, source and sink that would end it. `files` says whether files are copied as they are.
/// A member that is computed at run time is judged then.
pub fn unserved(settings: &Object, source: &Object, sink: &Object, files: bool) -> Vec<Fault> {
    let table = if files { binary::TABLE } else { TABLE };
    let places = [
        (Place::Activity, settings),
        (Place::Source, source),
        (Place::Sink, sink),
    ];
    let mut faults = Vec::new();
    for (place, object) in places {
        for (name, value) in object {
            let one = Object::from_iter([(name.clone(), value.clone())]);
            if !is_expression(value) && find_expression(&one).is_none() {
                faults.extend(check_in(table, place, &one, &mut Vec::new()).err());
            }
        }
    }
    faults
}
