//! Several staged files that are read back, published and given up together.
//!
//! A store of files has no step that publishes several at once: all are staged and verified before the first is published, then
//! they are published one behind the other. A copy that ends between two of them leaves whole files, and its next attempt
//! publishes them all again.

use crate::fault;
use crate::sink::FileSink;
use futures::{StreamExt, TryStreamExt};
use sluice_contract::{Code, Fault};
use sluice_store_core::{BatchStream, Committed, ReadBack, Sink, Written};
use std::sync::Arc;
use tokio::sync::Mutex;

/// Files that are staged and verified, in the order in which they are published.
pub(crate) type Several = Arc<Mutex<Vec<FileSink>>>;

/// The rows of a file behind the first; none behind the last.
async fn next_file(files: &Several, at: usize, what: Written) -> Result<Option<BatchStream>, Fault> {
    let mut files = files.lock().await;
    let Some(sink) = files.get_mut(at) else {
        return Ok(None);
    };
    match sink.read_back(what).await? {
        ReadBack::Batches(batches) => Ok(Some(batches)),
        // The first file had the same columns, and could be read.
        ReadBack::Impossible(why) => Err(Fault::new(
            Code::StoreFailed,
            format!("file {at} is not read back: {why}"),
        )),
        ReadBack::Native(_) => Err(fault::internal("a file was read back in no rows")),
    }
}

/// The rows of all of them, one file open at a time.
pub(crate) async fn read_back(all: &Several, what: Written) -> Result<ReadBack, Fault> {
    let first = {
        let mut files = all.lock().await;
        // All files or none: what was compared of some says nothing of the others.
        if let Some(why) = files.iter().find_map(|sink| sink.unreadable(what)) {
            return Ok(ReadBack::Impossible(why.to_owned()));
        }
        let first = files.first_mut();
        let first = first.ok_or_else(|| fault::internal("a sink was read back that is not verified"))?;
        match first.read_back(what).await? {
            ReadBack::Batches(batches) => batches,
            other => return Ok(other),
        }
    };
    let others = futures::stream::unfold((Arc::clone(all), 1), move |(files, at)| async move {
        let next = next_file(&files, at, what).await.transpose()?;
        Some((next, (files, at + 1)))
    });
    Ok(ReadBack::Batches(first.chain(others.try_flatten()).boxed()))
}

/// Publishes them.
pub(crate) async fn commit(all: &Several) -> Result<Committed, Fault> {
    let mut files = all.lock().await;
    let mut committed: Option<Committed> = None;
    let count = files.len();
    for sink in files.iter_mut() {
        // One that is published already says so again.
        let one = sink.commit().await?;
        committed = Some(match committed {
            None => one,
            Some(first) => Committed {
                replayed: first.replayed && one.replayed,
                ..first
            },
        });
    }
    let mut committed = committed.ok_or_else(|| fault::internal("a sink was committed that is not verified"))?;
    if count > 1 {
        committed.location = format!("{} and {} more", committed.location, count - 1);
    }
    Ok(committed)
}

/// Removes those that are not published, the last first: folders were made for the first in them.
pub(crate) async fn abort(all: &Several) {
    for sink in all.lock().await.iter_mut().rev() {
        sink.abort().await;
    }
}
