//! The stream of batches of one partition.

use super::plan::Plan;
use crate::errors;
use crate::session::Session;
use crate::wire::decode::Decoder;
use futures::{StreamExt, stream};
use sluice_contract::Fault;
use sluice_store_core::BatchStream;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_postgres::CopyOutStream;

/// What a stream holds between two batches. The order matters: the copy is dropped before its session.
struct Reading {
    copy: Pin<Box<CopyOutStream>>,
    decoder: Decoder,
    ended: bool,
    bytes_read: Arc<AtomicU64>,
    doing: String,
    session: Session,
}

/// Starts a COPY and makes batches of it. Dropping the stream stops the server.
///
/// # Errors
/// `SL60xx`.
pub(crate) async fn stream(
    session: Session,
    doing: String,
    copy: &str,
    plan: &Plan,
    batch_bytes: usize,
    bytes_read: Arc<AtomicU64>,
) -> Result<BatchStream, Fault> {
    let decoder = Decoder::new(plan.schema.clone(), &plan.wires, batch_bytes)?;
    let copy = session
        .copy_out(copy)
        .await
        .map_err(|error| errors::fault(&doing, &error))?;
    let reading = Reading {
        copy: Box::pin(copy),
        decoder,
        ended: false,
        bytes_read,
        doing,
        session,
    };
    // A failed stream ends: its state is not handed on.
    let batches = stream::unfold(Some(reading), |reading| async move {
        let mut reading = reading?;
        match reading.next().await {
            Ok(Some(batch)) => Some((Ok(batch), Some(reading))),
            Ok(None) => None,
            Err(fault) => Some((Err(fault), None)),
        }
    });
    Ok(batches.boxed())
}

impl Reading {
    async fn next(&mut self) -> Result<Option<arrow::record_batch::RecordBatch>, Fault> {
        loop {
            if let Some(batch) = self.decoder.next() {
                return Ok(Some(batch));
            }
            if self.ended {
                return Ok(None);
            }
            match self.copy.next().await {
                Some(Ok(chunk)) => {
                    self.bytes_read.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                    self.decoder.push(&chunk).map_err(|fault| fault.context(&self.doing))?;
                }
                Some(Err(error)) => return Err(errors::fault(&self.doing, &error)),
                None => {
                    self.decoder.finish().map_err(|fault| fault.context(&self.doing))?;
                    self.session.set_running(false);
                    self.ended = true;
                }
            }
        }
    }
}
