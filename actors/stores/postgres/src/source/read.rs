//! The stream of batches of one partition.

use crate::errors;
use crate::session::Session;
use crate::types::Wire;
use crate::wire::decode::Decoder;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use futures::{StreamExt, stream};
use sluice_contract::{Code, Fault};
use sluice_store_core::{BatchStream, Rejects};
use sluice_store_wire::BATCH_BYTES;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::mpsc;
use tokio_postgres::CopyOutStream;

/// What a stream holds between two batches. The order matters: the copy is dropped before its session.
struct Reading {
    copy: Option<(Pin<Box<CopyOutStream>>, mpsc::Receiver<Bytes>)>,
    statement: String,
    decoder: Decoder,
    ended: bool,
    bytes_read: Arc<AtomicU64>,
    doing: String,
    place: String,
    rejects: Option<Rejects>,
    session: Session,
}

/// What is read, and how.
pub(crate) struct Reader<'a> {
    /// In the source's snapshot.
    pub(crate) session: Session,
    /// What it covers, for people.
    pub(crate) place: &'a str,
    pub(crate) statement: String,
    pub(crate) schema: SchemaRef,
    pub(crate) wires: &'a [Wire],
    pub(crate) batch_bytes: usize,
    pub(crate) bytes_read: Arc<AtomicU64>,
    pub(crate) rejects: Option<Rejects>,
}

/// Runs a COPY and makes batches of it. It starts with the first pull, because the server may take long until its first row.
/// Dropping the stream stops the server.
///
/// # Errors
/// `SL6007` when Arrow does not take a column's type.
pub(crate) fn stream(reader: Reader<'_>) -> Result<BatchStream, Fault> {
    let lenient = reader.rejects.is_some();
    let decoder = Decoder::new(
        reader.schema,
        reader.wires,
        reader.batch_bytes.min(BATCH_BYTES),
        lenient,
    )?;
    let reading = Reading {
        copy: None,
        statement: reader.statement,
        decoder,
        ended: false,
        bytes_read: reader.bytes_read,
        doing: format!("reading {}", reader.place),
        place: reader.place.to_owned(),
        rejects: reader.rejects,
        session: reader.session,
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
            let (copy, pieces) = match &mut self.copy {
                Some(copy) => copy,
                None => {
                    self.session.set_running(true);
                    let bytes = self.bytes_read.clone();
                    let (copy, pieces) = self.session.copy_past(&self.doing, &self.statement, bytes).await?;
                    self.copy.insert((Box::pin(copy), pieces))
                }
            };
            if let Some(piece) = pieces.recv().await {
                self.decoder.push(&piece).map_err(|fault| fault.context(&self.doing))?;
                if let Some(rejects) = &self.rejects {
                    for bad in self.decoder.bad() {
                        rejects.row(bad.rejected(&self.place)).await?;
                    }
                }
                continue;
            }
            // How it ended.
            match copy.next().await {
                Some(Ok(_)) => {
                    let text = format!("{}: data came past their way", self.doing);
                    return Err(Fault::new(Code::Internal, text));
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
