//! What is known of a file besides its bytes.

use std::collections::BTreeMap;

/// What a store of objects keeps beside a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    pub content_language: Option<String>,
    /// `Content-Disposition`.
    pub content_disposition: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// Names and values of the user's own.
    pub metadata: BTreeMap<String, String>,
}

/// A file that is copied as it is, before it is written.
#[derive(Clone, Debug, Default)]
pub struct Copied {
    /// Its size in bytes, when it is known.
    pub size: Option<u64>,
    /// Says which version of which source it is; a file that carries the same mark, and was published by the same job, is not
    /// written again.
    pub mark: String,
    /// What it gets beside its bytes.
    pub attributes: Attributes,
    /// At most this many requests at the same time; none: as the store thinks.
    pub connections: Option<usize>,
    /// Bytes that may be held back at most, as far as the store can go along; none: as the store thinks.
    pub block: Option<usize>,
}
