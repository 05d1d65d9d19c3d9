//! `validateDataConsistency`: the sink is read back, and what comes is compared with what was written.

use crate::ContentHash;
use crate::budget::Budget;
use crate::fault::{differs, panicked, unlike};
use crate::road::Road;
use crate::settings::is_set;
use crate::stage::Cargo;
use crate::step::step;
use arrow::array::{Array, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use sluice_contract::document::member;
use sluice_contract::{Code, Fault};
use sluice_store_core::{NativeChunk, ReadBack, Sink, Written};
use tokio_util::sync::CancellationToken;

/// What came of comparing the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Compared {
    /// It was not asked for.
    Unasked,
    /// What was read back is what was written.
    Same(Written),
    /// It could not be compared, and why.
    Impossible(String),
}

/// Rows and hash of what is read back.
struct Found {
    rows: u64,
    hash: ContentHash,
}

/// What is read back, in the form in which it comes.
enum Piece {
    Batch(RecordBatch),
    Native(NativeChunk),
}

impl Road {
    /// Whether the activity asks for more than counting.
    pub(crate) fn validates(&self) -> bool {
        member(&self.options.settings, "validateDataConsistency").is_some_and(is_set)
    }

    /// Reads back what is staged, or what was published, and compares it.
    ///
    /// # Errors
    /// `SL7001` naming the columns that differ; the sink's; `SL7003` and `SL7007`.
    pub(crate) async fn compare(
        &self,
        sink: &mut dyn Sink,
        what: Written,
        cargo: &Cargo,
        cancel: &CancellationToken,
    ) -> Result<Compared, Fault> {
        if cargo.handed_over != cargo.staged.rows {
            let text = "the sink left out rows, and does not say what was in them";
            return Ok(Compared::Impossible(text.to_owned()));
        }
        if cargo.schema.fields().is_empty() && cargo.staged.rows == 0 {
            // An empty source that says nothing of its columns: there are no values, which their count has told.
            return Ok(Compared::Same(what));
        }
        let doing = "reading back what was written";
        let back = step(doing, self.options.settle_timeout, cancel, sink.read_back(what)).await?;
        let pieces: BoxStream<'static, Result<Piece, Fault>> = match back {
            ReadBack::Impossible(why) => return Ok(Compared::Impossible(why)),
            ReadBack::Batches(_) if cargo.native.is_some() => return Ok(Compared::Impossible(OTHER_FORM.to_owned())),
            ReadBack::Native(_) if cargo.native.is_none() => return Ok(Compared::Impossible(OTHER_FORM.to_owned())),
            ReadBack::Batches(batches) => batches.map_ok(Piece::Batch).boxed(),
            ReadBack::Native(chunks) => chunks.map_ok(Piece::Native).boxed(),
        };
        let found = self.hash_all(pieces, &cargo.schema, &cargo.budget, cancel).await;
        let found = found.map_err(|fault| match fault.code {
            Code::VerificationFailed => fault.context(place(what)),
            _ => fault,
        })?;
        if found.rows == cargo.staged.rows && found.hash == cargo.hash {
            return Ok(Compared::Same(what));
        }
        let columns = found.hash.differing(&cargo.hash);
        let names = columns.iter().filter_map(|place| cargo.schema.fields().get(*place));
        let names: Vec<&str> = names.map(|field| field.name().as_str()).collect();
        Err(differs(&names, (cargo.staged.rows, found.rows)).context(place(what)))
    }

    /// Hashes what comes, within the copy's budget; while one piece is hashed, the next is fetched.
    async fn hash_all(
        &self,
        mut pieces: BoxStream<'static, Result<Piece, Fault>>,
        schema: &SchemaRef,
        budget: &Budget,
        cancel: &CancellationToken,
    ) -> Result<Found, Fault> {
        let mut found = Found {
            rows: 0,
            hash: ContentHash::default(),
        };
        let batch_bytes = self.options.batch_bytes();
        let mut next = self.fetch(&mut pieces, budget, batch_bytes, cancel).await?;
        while let Some((piece, room)) = next {
            let schema = schema.clone();
            let hashing = async {
                let work = move || hash_of(piece, &schema);
                let hashed = tokio::task::spawn_blocking(work).await;
                drop(room);
                hashed.unwrap_or_else(|_| Err(panicked("the content hash")))
            };
            let fetching = self.fetch(&mut pieces, budget, batch_bytes, cancel);
            let (hashed, fetched) = tokio::join!(hashing, fetching);
            let (rows, hash) = hashed?;
            found.rows += rows;
            found.hash.merge(&hash);
            next = fetched?;
        }
        Ok(found)
    }

    async fn fetch(
        &self,
        pieces: &mut BoxStream<'static, Result<Piece, Fault>>,
        budget: &Budget,
        expected: usize,
        cancel: &CancellationToken,
    ) -> Result<Option<(Piece, crate::budget::Room)>, Fault> {
        // Others may hold the memory for long: only the sink is watched.
        let room = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(crate::fault::cancelled()),
            room = budget.reserve(expected) => room,
        };
        let limit = self.options.stall_timeout;
        let piece = step("reading back what was written", limit, cancel, pieces.try_next()).await?;
        let Some(piece) = piece else { return Ok(None) };
        let bytes = match &piece {
            Piece::Batch(batch) => batch.get_array_memory_size(),
            Piece::Native(chunk) => chunk.bytes.len(),
        };
        let room = budget.fit(room, bytes).await;
        Ok(Some((piece, room)))
    }
}

const OTHER_FORM: &str = "the sink reads back in another form than the rows were written in";

fn place(what: Written) -> &'static str {
    match what {
        Written::Staged => "the staged data was read back; nothing was committed",
        Written::Published => "the data was PUBLISHED and read back; it is in the sink and has to be looked at",
    }
}

fn hash_of(piece: Piece, schema: &SchemaRef) -> Result<(u64, ContentHash), Fault> {
    match piece {
        Piece::Native(chunk) => Ok((chunk.rows as u64, chunk.hash)),
        Piece::Batch(batch) => {
            let batch = as_written(&batch, schema)?;
            Ok((batch.num_rows() as u64, ContentHash::of(&batch)))
        }
    }
}

/// A batch in the types in which its columns were written.
fn as_written(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, Fault> {
    if batch.num_columns() != schema.fields().len() {
        let (got, wanted) = (batch.num_columns(), schema.fields().len());
        let text = format!("the sink reads back {got} columns of {wanted}");
        return Err(Fault::new(Code::Internal, text));
    }
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    let columns = batch.columns().iter().zip(schema.fields()).map(|(array, field)| {
        match wanted(field.data_type()) {
            same if *array.data_type() == same || array.data_type() == field.data_type() => Ok(array.clone()),
            // Nothing is cast to this type.
            DataType::Null if array.null_count() == array.len() => Ok(new_null_array(&DataType::Null, array.len())),
            // A value that cannot be of the type is not the one that was written.
            other => cast_with_options(array, &other, &options).map_err(|_| unlike(field.name(), field.data_type())),
        }
    });
    let columns = columns.collect::<Result<Vec<_>, Fault>>()?;
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let fields = schema.fields().iter().zip(&columns);
    let fields = fields.map(|(field, array)| Field::new(field.name(), array.data_type().clone(), true));
    let schema = Schema::new(fields.collect::<Vec<_>>());
    RecordBatch::try_new_with_options(schema.into(), columns, &rows)
        .map_err(|error| Fault::new(Code::Internal, error.to_string()))
}

/// The type to cast to. Arrow itself knows zones by their offsets only, and the hash is of the instant.
fn wanted(written: &DataType) -> DataType {
    match written {
        DataType::Timestamp(unit, Some(_)) => DataType::Timestamp(*unit, Some("+00:00".into())),
        other => other.clone(),
    }
}
