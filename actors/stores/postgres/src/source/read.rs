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
    copy: Option<Pin<Box<CopyOutStream>>>,
    statement: String,
    decoder: Decoder,
    ended: bool,
    bytes_read: Arc<AtomicU64>,
    doing: String,
    session: Session,
}

/// Runs a COPY and makes batches of it. It starts with the first pull, because the server may take long until its first row.
/// Dropping the stream stops the server.
///
/// # Errors
/// `SL6007` when Arrow does not take a column's type.
pub(crate) fn stream(
    session: Session,
    doing: String,
    statement: String,
    plan: &Plan,
    batch_bytes: usize,
    bytes_read: Arc<AtomicU64>,
) -> Result<BatchStream, Fault> {
    let decoder = Decoder::new(plan.schema.clone(), &plan.wires, batch_bytes)?;
    let reading = Reading {
        copy: None,
        statement,
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
            let copy = match &mut self.copy {
                Some(copy) => copy,
                None => {
                    self.session.set_running(true);
                    let started = self.session.copy_out(&self.statement).await;
                    let started = started.map_err(|error| errors::fault(&self.doing, &error))?;
                    self.copy.insert(Box::pin(started))
                }
            };
            match copy.next().await {
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
