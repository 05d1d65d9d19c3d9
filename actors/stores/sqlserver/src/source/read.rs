//! The stream of batches of one partition.

use crate::errors;
use crate::session::Session;
use crate::values::read::Rows;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use futures::{StreamExt, TryStreamExt, stream};
use sluice_contract::{Code, Fault};
use sluice_store_core::{BatchStream, Rejected, Rejects, Side};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tiberius::Row;
use tokio::sync::mpsc;

/// Rows after which a batch is handed on even when they are narrow.
const MOST_ROWS: usize = 65_536;
/// How often the bytes that came are counted.
const COUNT_EVERY: usize = 1024;

/// What is read.
pub(crate) struct Reading {
    pub(crate) doing: String,
    pub(crate) statement: String,
    pub(crate) schema: SchemaRef,
    pub(crate) batch_bytes: usize,
    pub(crate) bytes_read: Arc<AtomicU64>,
    pub(crate) rejects: Option<Rejects>,
}

/// Runs a statement and makes batches of its first result. The driver's rows borrow the connection, so a task of the stream's
/// own reads them; it waits when nobody takes them. Dropping the stream stops the server by an attention.
///
/// # Errors
/// `SL9001`.
pub(crate) fn stream(session: Session, reading: Reading) -> Result<BatchStream, Fault> {
    let rows = Rows::new(reading.schema.clone())?;
    let (to, from) = mpsc::channel(1);
    // It ends with its stream, which holds the other end of the channel.
    tokio::spawn(pump(session, reading, rows, to));
    let batches = stream::unfold(
        from,
        |mut from| async move { from.recv().await.map(|batch| (batch, from)) },
    );
    Ok(batches.boxed())
}

async fn pump(mut session: Session, reading: Reading, rows: Rows, to: mpsc::Sender<Result<RecordBatch, Fault>>) {
    let outcome = tokio::select! {
        biased;
        () = to.closed() => None,
        outcome = through(&mut session, &reading, rows, &to) => Some(outcome),
    };
    match outcome {
        None => session.cancel().await,
        Some(Ok(())) => {}
        Some(Err(fault)) => {
            // Nobody to tell: the stream was dropped.
            let _ = to.send(Err(fault)).await;
        }
    }
}

async fn through(
    session: &mut Session,
    reading: &Reading,
    mut rows: Rows,
    to: &mpsc::Sender<Result<RecordBatch, Fault>>,
) -> Result<(), Fault> {
    let failed = |error: tiberius::error::Error| errors::fault(&reading.doing, &error);
    let received = session.traffic().read.clone();
    let mut counted = received.load(Ordering::Relaxed);
    let mut count = || {
        let now = received.load(Ordering::Relaxed);
        reading
            .bytes_read
            .fetch_add(now.saturating_sub(counted), Ordering::Relaxed);
        counted = now;
    };
    let found = session
        .client()
        .simple_query(reading.statement.as_str())
        .await
        .map_err(failed)?;
    let mut found = found.into_row_stream();
    let mut seen = 0_usize;
    while let Some(row) = found.try_next().await.map_err(failed)? {
        if row.result_index() > 0 {
            let text = format!(
                "{}: it returns several results, and only one can be copied",
                reading.doing
            );
            return Err(Fault::new(Code::QueryFailed, text));
        }
        if let Err(fault) = rows.push(&row) {
            match &reading.rejects {
                Some(rejects) if fault.code == Code::DataInvalid => rejects.row(rejected(reading, &row, fault)).await?,
                _ => return Err(fault.context(&reading.doing)),
            }
        }
        seen += 1;
        if seen.is_multiple_of(COUNT_EVERY) {
            count();
        }
        if rows.bytes() >= reading.batch_bytes || rows.len() >= MOST_ROWS {
            count();
            if to
                .send(rows.take().map_err(|fault| fault.context(&reading.doing)))
                .await
                .is_err()
            {
                return Ok(());
            }
        }
    }
    count();
    if rows.len() > 0 {
        // Nobody to tell: the stream was dropped.
        let _ = to.send(rows.take()).await;
    }
    Ok(())
}

/// A row that was not understood, with its values as far as they print.
fn rejected(reading: &Reading, row: &Row, fault: Fault) -> Rejected {
    let values = row.cells().map(|(_, data)| {
        let text = format!("{data:?}");
        let inner = text
            .split_once("(Some(")
            .map_or("", |(_, inner)| inner.trim_end_matches("))"));
        format!("\"{}\"", inner.trim_matches('"').replace('"', "\"\""))
    });
    Rejected {
        side: Side::Source,
        place: reading.doing.trim_start_matches("reading ").to_owned(),
        record: values.collect::<Vec<_>>().join(","),
        fault,
    }
}
