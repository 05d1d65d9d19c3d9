//! Parquet and delimited text over any byte store.
//!
//! A store of files implements [`ByteStore`]; [`source`] and [`sink`] make an ADF source and sink of it, so that a format
//! behaves the same on a local disk and in a cloud.
//!
//! * [`sluice_store_core::files`]: what a store of files does, and which files a dataset names.
//! * `format`: the list of formats, each a folder.
//! * `codec`: compression of whole files, around any format.
//! * [`sink`](mod@sink): one encoder and one upload for all writers of a copy.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod avro;
mod back;
mod blocks;
mod charset;
mod codec;
pub mod delimited;
mod encode;
mod excel;
mod fault;
mod feed;
mod format;
#[cfg(fuzzing)]
pub mod fuzz;
mod json;
pub mod parquet;
mod pipeline;
mod pull;
mod rows;
pub mod select;
mod selected;
mod settings;
mod several;
pub mod sink;
mod split;
mod text;
mod tree;
mod upload;

#[cfg(test)]
mod tests;

pub use format::{DATASETS, SINKS, SOURCES};
pub use sluice_store_core::files::{
    ByteReader, ByteStage, ByteStore, Entry, Location, Published, Target, bytes, location,
};

use sluice_contract::{Fault, Object};
use sluice_store_core::files::selection::connections;
use sluice_store_core::files::{Guarded, Wrapping};
use sluice_store_core::{Sink, SinkRequest, Source, SourceRequest};
use std::sync::Arc;

/// Opens the files that a request names as a source.
///
/// # Errors
/// `SL6013` when the dataset lacks a property, `SL6005` when it names nothing, `SL6011` and `SL6012` when its files are damaged
/// or do not fit together, and what the store reports.
pub async fn source(store: Arc<dyn ByteStore>, request: SourceRequest) -> Result<Box<dyn Source>, Fault> {
    let format = format::of(&request.dataset_kind)?;
    selected::source(store, request, format).await
}

/// Gets ready to write the file that a request names, or files of `maxRowsPerFile` or of the source's names into its folder.
///
/// # Errors
/// `SL6013` when the dataset lacks a property or has one in a form that is not served.
pub fn sink(store: Arc<dyn ByteStore>, request: &SinkRequest) -> Result<Box<dyn Sink>, Fault> {
    // Each of the files that are open at the same time gathers for itself.
    let open_at_once = if request.files.is_empty() {
        1
    } else {
        request.parallel.max(1)
    };
    let share = SinkRequest {
        memory: request.memory.div_ceil(open_at_once),
        ..request.clone()
    };
    let format = format::of(&request.dataset_kind)?.write(&share)?;
    let store: Arc<dyn ByteStore> = match connections(&request.activity)? {
        None => store,
        most => Arc::new(Guarded::new(store, most)),
    };
    let several = settings::rows_per_file(request)?;
    let extension = settings::extension(request, format.extension())?;
    let extension = format!("{extension}{}", format.compression().extension());
    let target = select::target(request, store.as_ref(), &extension)?;
    if !request.files.is_empty() {
        let plan = select::tree(request, store.as_ref(), &extension)?;
        let (parallel, memory) = (request.parallel, request.memory);
        return Ok(Box::new(tree::TreeSink::new(store, plan, format, parallel, memory)));
    }
    let Some(several) = several else {
        return Ok(Box::new(sink::FileSink::new(store, target, format, request.parallel)));
    };
    let split = select::split(request, store.as_ref(), &target, &extension, several)?;
    Ok(Box::new(split::SplitSink::new(store, split, format)))
}

/// What the files of a dataset of type Binary are wrapped in.
///
/// # Errors
/// `SL6013` for a compression that is not served.
pub fn wrapping(dataset: &Object) -> Result<Option<Arc<dyn Wrapping>>, Fault> {
    let compression = codec::Compression::of(dataset)?;
    Ok((!compression.is_none()).then(|| Arc::new(compression) as Arc<dyn Wrapping>))
}
