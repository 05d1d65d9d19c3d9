//! The documents that are checked together, and what is known of them so far.

use super::{Checked, Known, Verdict};
use crate::{Document, Kind};
use std::collections::HashMap;

/// What a name means.
pub(super) enum Found<'a> {
    /// A document of this set, and what was found out about it.
    Here(&'a Document, Verdict),
    /// One that is somewhere else.
    Elsewhere,
    /// None.
    Nowhere,
}

pub(super) struct Set<'a> {
    documents: &'a [Document],
    pub(super) known: &'a Known<'a>,
    places: HashMap<(Kind, String), Vec<usize>>,
    checked: Vec<Option<Checked>>,
}

impl<'a> Set<'a> {
    pub(super) fn new(documents: &'a [Document], known: &'a Known<'a>) -> Self {
        let mut places: HashMap<_, Vec<usize>> = HashMap::new();
        for (i, document) in documents.iter().enumerate() {
            places
                .entry((document.kind, document.name.to_lowercase()))
                .or_default()
                .push(i);
        }
        Self {
            documents,
            known,
            places,
            checked: vec![None; documents.len()],
        }
    }

    /// Whether another document has the same kind and name.
    pub(super) fn is_twice(&self, i: usize) -> bool {
        let document = &self.documents[i];
        let places = self.places.get(&(document.kind, document.name.to_lowercase()));
        places.is_some_and(|places| places.len() > 1)
    }

    pub(super) fn find(&self, kind: Kind, name: &str) -> Found<'a> {
        let places = self
            .places
            .get(&(kind, name.to_lowercase()))
            .and_then(|places| places.last());
        match places {
            // What is not judged yet refers back to what is judged now: its own verdict will say so.
            Some(i) => Found::Here(
                &self.documents[*i],
                self.checked[*i]
                    .as_ref()
                    .map_or(Verdict::Runs, |checked| checked.verdict),
            ),
            None if (self.known.elsewhere)(kind, name) => Found::Elsewhere,
            None => Found::Nowhere,
        }
    }

    /// The kinds under which there is something of this name.
    pub(super) fn kinds_of(&self, name: &str) -> Vec<Kind> {
        let name = name.to_lowercase();
        Kind::all()
            .filter(|kind| self.places.contains_key(&(*kind, name.clone())))
            .collect()
    }

    pub(super) fn note(&mut self, i: usize, checked: Checked) {
        self.checked[i] = Some(checked);
    }

    pub(super) fn finish(self) -> Vec<Checked> {
        let unknown = || Checked {
            verdict: Verdict::Stored,
            by: None,
            findings: Vec::new(),
        };
        self.checked
            .into_iter()
            .map(|checked| checked.unwrap_or_else(unknown))
            .collect()
    }
}
