//! Rows in a store's own encoding, for two stores that speak the same one: they are passed through and not decoded.

use crate::ContentHash;
use bytes::Bytes;
use futures::stream::BoxStream;
use sluice_contract::Fault;

/// An encoding of rows of certain columns. Two that are equal mean the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NativeFormat {
    /// The encoding, such as `postgresql copy binary`.
    pub name: &'static str,
    /// The exact type of every column in it, in order, such as `numeric(15,2)`.
    pub columns: Vec<String>,
}

/// Whole rows, one behind the other, without whatever frames the stream.
#[derive(Clone, Debug)]
pub struct NativeChunk {
    /// The rows' bytes.
    pub bytes: Bytes,
    /// How many rows they are.
    pub rows: usize,
    /// The hash of the fields as they are encoded, which compares only with others of the same [`NativeFormat`]; of
    /// [lines](crate::LineForm), that of the values.
    pub hash: ContentHash,
}

/// Chunks of one partition, in order. The stream ends with the first error.
pub type NativeStream = BoxStream<'static, Result<NativeChunk, Fault>>;
