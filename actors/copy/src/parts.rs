//! Partitions that are whole in the staging: what is noted of them, and which of an earlier attempt's still count.

use crate::ContentHash;
use crate::budget::Budget;
use crate::mapping::Shape;
use crate::road::Road;
use crate::step::step;
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use sluice_contract::{Code, Fault};
use sluice_store_core::{NativeFormat, Part, Sink, Source};
use std::collections::HashMap;
use std::sync::Arc;

/// What the copy keeps with a part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// The hash of its rows, as they were written.
    pub(crate) hash: String,
    /// The encoding that was hashed; none for values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) form: Option<String>,
    /// The source's mark of the partition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mark: Option<String>,
}

/// A part with its hash.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Known {
    pub(crate) place: usize,
    pub(crate) rows: u64,
    pub(crate) hash: ContentHash,
}

impl Known {
    /// Reads the note of a part.
    ///
    /// # Errors
    /// `SL9001` for one that this version does not understand.
    pub(crate) fn of(place: usize, part: &Part) -> Result<Self, Fault> {
        let unread = || Fault::new(Code::Internal, format!("the note of {} is not understood", part.label));
        let note: Note = serde_json::from_str(&part.note).map_err(|_| unread())?;
        Ok(Self {
            place,
            rows: part.rows,
            hash: ContentHash::from_text(&note.hash).ok_or_else(unread)?,
        })
    }
}

/// A finished partition as a part.
pub(crate) fn part(
    source: &dyn Source,
    place: usize,
    rows: u64,
    hash: &ContentHash,
    form: Option<&NativeFormat>,
) -> Result<Part, Fault> {
    let missing = || Fault::new(Code::Internal, format!("the source has no partition {place}"));
    let partition = source.partitions().get(place).ok_or_else(missing)?;
    let note = Note {
        hash: hash.to_text(),
        form: form.map(|form| form.name.to_owned()),
        mark: source.mark(partition),
    };
    Ok(Part {
        label: partition.label.clone(),
        rows,
        // Plain strings: serializing cannot fail.
        note: serde_json::to_string(&note).unwrap_or_default(),
    })
}

/// What an attempt begins with.
#[derive(Debug, Default)]
pub(crate) struct TakenOver {
    /// The partitions that are still to be read.
    pub(crate) open: Vec<usize>,
    /// Those that are staged already.
    pub(crate) known: Vec<Known>,
    /// How it is certain that those are what the source has, or why everything is copied again.
    pub(crate) how: Option<String>,
}

impl TakenOver {
    fn nothing(source: &dyn Source, how: Option<String>) -> Self {
        Self {
            open: (0..source.partitions().len()).collect(),
            known: Vec::new(),
            how,
        }
    }

    pub(crate) fn rows(&self) -> u64 {
        self.known.iter().map(|known| known.rows).sum()
    }
}

impl Road {
    /// Looks at the parts that the sink took over from an earlier attempt: each of them must still be what the source has, as
    /// this attempt sees it. When one is not, the copy starts over.
    pub(crate) async fn take_over(
        &self,
        source: &Arc<dyn Source>,
        shape: &Shape,
        sink: &mut dyn Sink,
        native: Option<&NativeFormat>,
        workers: usize,
    ) -> Result<TakenOver, Fault> {
        let parts = sink.parts().unwrap_or_default().to_vec();
        if parts.is_empty() {
            return Ok(TakenOver::nothing(source.as_ref(), None));
        }
        let budget = self.options.budget();
        match self.prove(source, shape, native, &parts, workers, &budget).await? {
            Ok((known, how)) => {
                let done = |place: &usize| known.iter().any(|known| known.place == *place);
                let open = (0..source.partitions().len()).filter(|place| !done(place)).collect();
                tracing::info!(
                    parts = known.len(),
                    how,
                    "A copy goes on with what an earlier attempt has staged"
                );
                Ok(TakenOver {
                    open,
                    known,
                    how: Some(how.to_owned()),
                })
            }
            Err(why) => {
                tracing::info!(why, "A copy starts over");
                self.plan("starting over", sink.start_over()).await?;
                Ok(TakenOver::nothing(
                    source.as_ref(),
                    Some(format!("started over: {why}")),
                ))
            }
        }
    }

    /// The inner error says in words why the parts are of no use.
    async fn prove(
        &self,
        source: &Arc<dyn Source>,
        shape: &Shape,
        native: Option<&NativeFormat>,
        parts: &[Part],
        workers: usize,
        budget: &Budget,
    ) -> Result<Result<(Vec<Known>, &'static str), String>, Fault> {
        let places: HashMap<&str, usize> = source
            .partitions()
            .iter()
            .map(|partition| (partition.label.as_str(), partition.index))
            .collect();
        let mut known = Vec::with_capacity(parts.len());
        let mut unmarked = Vec::new();
        for part in parts {
            let Some(place) = places.get(part.label.as_str()).copied() else {
                return Ok(Err(format!(
                    "the source is cut in another way now, without {}",
                    part.label
                )));
            };
            let (Ok(note), Ok(read)) = (serde_json::from_str::<Note>(&part.note), Known::of(place, part)) else {
                return Ok(Err("the notes of the earlier attempt are not understood".to_owned()));
            };
            if note.form.as_deref() != native.map(|native| native.name) {
                return Ok(Err("the earlier attempt wrote the rows in another encoding".to_owned()));
            }
            let partition = &source.partitions()[place];
            if note.mark.is_none() || note.mark != source.mark(partition) {
                if note.mark.is_some() && source.mark(partition).is_some() {
                    return Ok(Err(format!("{} has changed since", part.label)));
                }
                unmarked.push(read.clone());
            }
            known.push(read);
        }
        if unmarked.is_empty() {
            return Ok(Ok((known, "the source says that it has not changed")));
        }
        let mut checks = stream::iter(unmarked)
            .map(|expected| async move {
                let found = self
                    .read_again(source, shape, native.is_some(), expected.place, budget)
                    .await?;
                Ok::<_, Fault>((found == Some((expected.rows, expected.hash)), expected.place))
            })
            .buffer_unordered(workers.max(1));
        while let Some((same, place)) = checks.try_next().await? {
            if !same {
                let label = &source.partitions()[place].label;
                return Ok(Err(format!("the rows of {label} have changed since")));
            }
        }
        Ok(Ok((known, "its rows were read again and have the same hashes")))
    }

    /// Rows and hash of a partition as they would be written; none when a row would not fit.
    async fn read_again(
        &self,
        source: &Arc<dyn Source>,
        shape: &Shape,
        native: bool,
        place: usize,
        budget: &Budget,
    ) -> Result<Option<(u64, ContentHash)>, Fault> {
        let partition = &source.partitions()[place];
        let limit = self.options.stall_timeout;
        let doing = format!("reading {} again", partition.label);
        let (mut rows, mut hash) = (0, ContentHash::default());
        if native {
            let mut chunks = step(&doing, limit, &self.cancel, source.read_native(partition)).await?;
            loop {
                let room = budget.reserve(self.options.batch_bytes()).await;
                let Some(chunk) = step(&doing, limit, &self.cancel, chunks.try_next()).await? else {
                    return Ok(Some((rows, hash)));
                };
                rows += chunk.rows as u64;
                hash.merge(&chunk.hash);
                drop(room);
            }
        }
        let mut batches = step(&doing, limit, &self.cancel, source.read(partition)).await?;
        loop {
            let room = budget.reserve(self.options.batch_bytes()).await;
            let Some(batch) = step(&doing, limit, &self.cancel, batches.try_next()).await? else {
                return Ok(Some((rows, hash)));
            };
            let room = budget.fit(room, batch.get_array_memory_size()).await;
            let shaped = shape.apply(batch, place)?;
            if !shaped.misfits.is_empty() {
                return Ok(None);
            }
            rows += shaped.batch.num_rows() as u64;
            hash.merge(&ContentHash::of(&shaped.batch));
            drop(room);
        }
    }
}
