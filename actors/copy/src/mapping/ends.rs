//! What the mapping has to know of the two ends.

use sluice_contract::Object;
use sluice_contract::document::member;
use sluice_store_core::{SinkRequest, SourceRequest};

/// Both ends.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ends {
    /// The source's columns have no names of their own: a delimited text without header.
    pub(super) source_by_place: bool,
    /// So do the sink's.
    pub(super) sink_by_place: bool,
    pub(super) sink: Form,
}

/// What decides about the types of what is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// The columns of a table that is there; every value is carried exactly into them, or refused by the store.
    Table,
    /// A table that may have to be made, of the source's original types.
    Made,
    /// The batches' own types: a file.
    #[default]
    Own,
    /// Everything is text.
    Text,
}

impl Ends {
    pub(crate) fn of(source: &SourceRequest, sink: &SinkRequest) -> Self {
        let made = member(&sink.activity, "tableOption")
            .and_then(|option| option.as_str())
            .is_some_and(|option| option.eq_ignore_ascii_case("autoCreate"));
        Self {
            source_by_place: headless(&source.dataset_kind, &source.dataset),
            sink_by_place: headless(&sink.dataset_kind, &sink.dataset),
            sink: match () {
                () if is_delimited(&sink.dataset_kind) => Form::Text,
                () if member(&sink.dataset, "location").is_some() => Form::Own,
                () if made => Form::Made,
                () => Form::Table,
            },
        }
    }
}

fn is_delimited(dataset_kind: &str) -> bool {
    dataset_kind.eq_ignore_ascii_case("DelimitedText")
}

fn headless(dataset_kind: &str, dataset: &Object) -> bool {
    let header = member(dataset, "firstRowAsHeader").is_some_and(|value| {
        value.as_bool() == Some(true) || value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true"))
    });
    is_delimited(dataset_kind) && !header
}
