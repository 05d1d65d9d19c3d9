//! The stream of batches of one partition.

use super::decode::{Decoder, LeftOut};
use super::plan::Plan;
use super::snapshot::Pool;
use crate::errors;
use crate::session::Session;
use crate::wire::reply::end;
use arrow::array::ArrayRef;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::{StreamExt, stream};
use sluice_contract::{Code, Fault};
use sluice_store_core::{BatchStream, Rejected, Rejects, Side};
use sluice_store_wire::BATCH_BYTES;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is read, and how.
pub(super) struct Reading {
    pub(super) session: Session,
    pub(super) pool: Pool,
    pub(super) statement: String,
    pub(super) label: String,
    pub(super) decoder: Decoder,
    pub(super) columns: usize,
    pub(super) bytes_read: Arc<AtomicU64>,
    /// Bytes that the session has received and that are in `bytes_read`, or are none of this reading.
    pub(super) counted: u64,
    pub(super) rejects: Option<Rejects>,
}

impl Reading {
    /// For a slice's statement.
    ///
    /// # Errors
    /// `SL6007` when Arrow does not take a column's type.
    pub(super) fn decoder(
        plan: &Plan,
        batch_bytes: usize,
        zero_is_null: bool,
        lenient: bool,
    ) -> Result<Decoder, Fault> {
        let batch_bytes = batch_bytes.min(BATCH_BYTES);
        Decoder::new(plan.schema.clone(), &plan.wires, batch_bytes, zero_is_null, lenient)
    }

    /// Runs the statement and makes batches of its rows. It starts with the first pull, because the server may take long
    /// until its first row. Dropping the stream stops the server.
    pub(super) fn stream(self) -> BatchStream {
        stream::unfold(State::New(Box::new(self)), |state| async move {
            let mut reading = match state {
                State::New(mut reading) => {
                    if let Err(fault) = reading.start().await {
                        return Some((Err(fault), State::Over));
                    }
                    reading
                }
                State::Going(reading) => reading,
                State::Over => return None,
            };
            match reading.next().await {
                Ok((Some(batch), false)) => Some((Ok(batch), State::Going(reading))),
                Ok((batch, _)) => {
                    let Reading { pool, session, .. } = *reading;
                    pool.give(session);
                    batch.map(|batch| (Ok(batch), State::Over))
                }
                Err(fault) => Some((Err(fault), State::Over)),
            }
        })
        .boxed()
    }

    async fn start(&mut self) -> Result<(), Fault> {
        let doing = format!("reading {}", self.label);
        let (id, _) = self.session.describe(&doing, &self.statement).await?;
        self.session.set_running(true);
        self.counted = self.session.received();
        let executed = self.session.dialogue()?.execute(id).await;
        let columns = executed.map_err(|error| errors::fault(&doing, &error))?;
        if columns.map_or(0, |columns| columns.len()) != self.columns {
            let text = format!("{doing}: the columns have changed since the copy began");
            return Err(Fault::new(Code::StoreFailed, text));
        }
        Ok(())
    }

    /// The next batch, and whether it is the last.
    async fn next(&mut self) -> Result<(Option<RecordBatch>, bool), Fault> {
        loop {
            let (full, ended) = self.rows().await?;
            debug_assert!(full || ended);
            let taken = self.decoder.take().map_err(|fault| self.place(fault))?;
            if ended {
                self.session.set_running(false);
            }
            match taken {
                None => return Ok((None, ended)),
                Some((batch, left_out)) => {
                    self.leave_out(left_out).await?;
                    if batch.num_rows() > 0 || ended {
                        return Ok((Some(batch).filter(|batch| batch.num_rows() > 0), ended));
                    }
                }
            }
        }
    }

    /// Decodes rows until the batch is full or the result has ended.
    async fn rows(&mut self) -> Result<(bool, bool), Fault> {
        let done = loop {
            let dialogue = self.session.dialogue()?;
            let (channel, ends_with_ok) = (&mut dialogue.channel, dialogue.ends_with_ok);
            let mut stopped = None;
            while let Some(length) = channel.ready_length() {
                if self.decoder.is_full_for(length) {
                    stopped = Some((true, false));
                    break;
                }
                let Some(packet) = channel.ready() else { break };
                match end(packet, ends_with_ok) {
                    Ok(None) => {
                        if let Err(fault) = self.decoder.push(packet) {
                            return Err(fault.context(format!("reading {}", self.label)));
                        }
                    }
                    Ok(Some(_)) => {
                        stopped = Some((false, true));
                        break;
                    }
                    Err(error) => return Err(errors::fault(&format!("reading {}", self.label), &error)),
                }
            }
            if let Some(stopped) = stopped {
                break stopped;
            }
            if let Err(error) = channel.fill().await {
                return Err(errors::fault(&format!("reading {}", self.label), &error));
            }
        };
        let received = self.session.received();
        self.bytes_read.fetch_add(received - self.counted, Ordering::Relaxed);
        self.counted = received;
        Ok(done)
    }

    fn place(&self, fault: Fault) -> Fault {
        fault.context(format!("reading {}", self.label))
    }

    async fn leave_out(&self, left_out: LeftOut) -> Result<(), Fault> {
        let (Some(rejects), Some(batch)) = (&self.rejects, &left_out.batch) else {
            return Ok(());
        };
        for (row, fault) in left_out.rows {
            rejects
                .row(Rejected {
                    side: Side::Source,
                    place: self.label.clone(),
                    record: record(batch, row),
                    fault,
                })
                .await?;
        }
        Ok(())
    }
}

enum State {
    New(Box<Reading>),
    Going(Box<Reading>),
    Over,
}

/// A row as delimited text.
pub(crate) fn record(batch: &RecordBatch, row: usize) -> String {
    let options = FormatOptions::default();
    let cell = |array: &ArrayRef| match ArrayFormatter::try_new(plain_zone(array).as_ref(), &options) {
        Ok(formatter) => formatter.value(row).try_to_string().unwrap_or_default(),
        Err(_) => String::new(),
    };
    delimited(batch.columns().iter().map(cell))
}

/// Values as delimited text.
pub(crate) fn delimited(values: impl Iterator<Item = String>) -> String {
    let cell = |text: String| match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    };
    values.map(cell).collect::<Vec<_>>().join(",")
}

/// Moments in UTC by its offset: without a table of zones Arrow shows no others.
fn plain_zone(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Timestamp(unit, Some(zone)) if matches!(zone.as_ref(), "UTC" | "Z") => {
            let plain = DataType::Timestamp(*unit, Some("+00:00".into()));
            cast(array, &plain).unwrap_or_else(|_| array.clone())
        }
        _ => array.clone(),
    }
}
