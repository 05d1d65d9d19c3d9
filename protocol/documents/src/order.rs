//! The order in which documents have to be made.

use crate::references::references;
use crate::{Document, Kind};
use std::collections::{BTreeSet, HashMap};

/// Puts documents in an order in which every one comes after those that it refers to; of those that may come at the same
/// time, by kind and name. Documents that refer to each other in a circle come at the end of their kind.
pub fn order(documents: &[Document]) -> Vec<usize> {
    let key = |document: &Document| (document.kind, document.name.to_lowercase());
    let places: HashMap<(Kind, String), usize> = documents.iter().enumerate().map(|(i, one)| (key(one), i)).collect();
    let mut waits: Vec<BTreeSet<usize>> = documents
        .iter()
        .enumerate()
        .map(|(i, document)| {
            let wanted = references(document).into_iter().filter_map(|reference| {
                let name = reference.name?.to_lowercase();
                places.get(&(reference.kind?, name)).copied()
            });
            wanted.filter(|other| *other != i).collect()
        })
        .collect();
    let mut left: Vec<usize> = (0..documents.len()).collect();
    left.sort_by_key(|i| (key(&documents[*i]), *i));
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        // The first that waits for nothing; in a circle, the first of all.
        let at = left.iter().position(|i| waits[*i].is_empty()).unwrap_or(0);
        let next = left.remove(at);
        ordered.push(next);
        for other in &left {
            waits[*other].remove(&next);
        }
    }
    ordered
}
