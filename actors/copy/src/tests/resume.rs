//! An attempt goes on where the one before it stopped.

use super::depot::{Depot, Shared};
use super::source::{rows, schema};
use crate::{Deal, Dealer, SharedCopy};
use async_trait::async_trait;
use sluice_contract::{Code, Fault, JobId};
use sluice_store_core::{CommitKey, Connection, Part, SinkRequest, SourceRequest, Staging};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

/// What a copy that nothing disturbs comes to.
async fn undisturbed() -> String {
    let outcome = Depot::new(rows(1000, 8, 50)).attempt(1, None).await.unwrap();
    assert!(outcome.extra.get("resumed").is_none());
    outcome.content_hash
}

/// A depot in which an attempt has left five parts of eight.
async fn interrupted() -> Arc<Depot> {
    let depot = Depot::new(rows(1000, 8, 50));
    depot.room.store(5, Ordering::SeqCst);
    let fault = depot.attempt(1, None).await.unwrap_err();
    assert_eq!(fault.code, Code::StoreUnreachable);
    assert_eq!((depot.staged(), depot.published_rows()), (Some(5), 0));
    depot.room.store(usize::MAX, Ordering::SeqCst);
    depot
}

#[tokio::test]
async fn parts_that_are_staged_are_not_written_again() {
    let depot = interrupted().await;
    let before = depot.reads.load(Ordering::SeqCst);
    let outcome = depot.attempt(2, None).await.unwrap();
    assert_eq!(depot.written.load(Ordering::SeqCst), 8);
    assert_eq!((depot.published_rows(), depot.staged()), (1000, None));
    assert_eq!((outcome.rows_read, outcome.rows_copied), (1000, 1000));
    assert_eq!(outcome.content_hash, undisturbed().await);
    assert_eq!(outcome.columns.len(), 2);
    let resumed = &outcome.extra["resumed"];
    assert_eq!(
        (resumed["parts"].as_u64(), resumed["rows"].as_u64()),
        (Some(5), Some(625))
    );
    assert!(resumed["how"].as_str().unwrap().contains("read again"), "{resumed}");
    // Five to prove, three to copy.
    assert_eq!(depot.reads.load(Ordering::SeqCst) - before, 8);
    // The source was asked for the same partitions, but not for a snapshot that is gone.
    let (plan, resumable) = depot.asked.lock().unwrap()[1].clone();
    assert_eq!((plan.unwrap().snapshot, resumable), (None, true));
}

#[tokio::test]
async fn what_the_source_marks_is_not_read_again() {
    let depot = Depot::new(rows(1000, 8, 50));
    *depot.mark.lock().unwrap() = Some("etag-1".to_owned());
    depot.room.store(5, Ordering::SeqCst);
    depot.attempt(1, None).await.unwrap_err();
    depot.room.store(usize::MAX, Ordering::SeqCst);
    let before = depot.reads.load(Ordering::SeqCst);
    let outcome = depot.attempt(2, None).await.unwrap();
    assert_eq!(depot.reads.load(Ordering::SeqCst) - before, 3);
    assert_eq!(outcome.content_hash, undisturbed().await);
    assert!(
        outcome.extra["resumed"]["how"]
            .as_str()
            .unwrap()
            .contains("not changed")
    );
}

#[tokio::test]
async fn a_source_that_changed_is_copied_from_the_beginning() {
    for change in 0..3 {
        let depot = interrupted().await;
        match change {
            // Other rows in the last partitions, other partitions, and a mark where there was none and rows that are other ones.
            0 => depot.rows.lock().unwrap().total = 1016,
            1 => depot.rows.lock().unwrap().partitions = 4,
            _ => {
                *depot.mark.lock().unwrap() = Some("etag-2".to_owned());
                depot.rows.lock().unwrap().total = 992;
            }
        }
        let total = depot.rows.lock().unwrap().total;
        let outcome = depot.attempt(2, None).await.unwrap();
        assert_eq!(depot.published_rows(), total);
        let resumed = &outcome.extra["resumed"];
        assert_eq!(resumed["parts"], 0);
        assert!(
            resumed["how"].as_str().unwrap().starts_with("started over: "),
            "{resumed}"
        );
        assert!(outcome.warnings.iter().any(|warning| warning.contains("started over")));
    }
}

#[tokio::test]
async fn marks_that_differ_are_believed() {
    let depot = Depot::new(rows(1000, 8, 50));
    *depot.mark.lock().unwrap() = Some("etag-1".to_owned());
    depot.room.store(5, Ordering::SeqCst);
    depot.attempt(1, None).await.unwrap_err();
    depot.room.store(usize::MAX, Ordering::SeqCst);
    *depot.mark.lock().unwrap() = Some("etag-2".to_owned());
    let outcome = depot.attempt(2, None).await.unwrap();
    assert_eq!(
        (depot.published_rows(), depot.written.load(Ordering::SeqCst)),
        (1000, 13)
    );
    assert!(
        outcome.extra["resumed"]["how"]
            .as_str()
            .unwrap()
            .contains("has changed")
    );
}

#[tokio::test]
async fn an_attempt_that_none_follows_leaves_nothing() {
    let mut depot = Depot::new(rows(1000, 8, 50));
    Arc::get_mut(&mut depot).unwrap().goes_on = false;
    depot.room.store(5, Ordering::SeqCst);
    depot.attempt(1, None).await.unwrap_err();
    assert_eq!((depot.staged(), depot.published_rows()), (None, 0));
}

#[tokio::test]
async fn a_writer_of_the_earlier_attempt_writes_nothing_any_more() {
    let depot = interrupted().await;
    let connection = Shared(depot.clone());
    let key = |attempt: u32| CommitKey {
        job: JobId::new("0197b2c4-7d4e-7abc-8def-0123456789ab"),
        attempt,
        token: u64::from(attempt) * 10,
    };
    connection.source(SourceRequest::default()).await.unwrap();
    let staging = Staging::Resume {
        earlier: key(1),
        state: serde_json::Value::Null,
    };
    let request = SinkRequest {
        staging,
        ..SinkRequest::default()
    };
    let mut zombie = connection.sink(request.clone()).await.unwrap();
    zombie.prepare(schema(), &key(1)).await.unwrap();
    let mut writer = zombie.writer().await.unwrap();
    let outcome = depot.attempt(2, None).await.unwrap();
    assert_eq!(outcome.rows_copied, 1000);
    let part = Part {
        label: "part 7".to_owned(),
        ..Part::default()
    };
    let fault = writer.finish_part(&part).await.unwrap_err();
    assert_eq!(fault.code, Code::CommitDenied);
}

/// Keeps the first half for itself, and lets another node write the rest before it ends.
#[derive(Default)]
struct Halves {
    copy: Mutex<Option<SharedCopy>>,
    own: Mutex<Vec<usize>>,
    finished: Mutex<Vec<usize>>,
    others: Mutex<Vec<(usize, Part)>>,
}

#[async_trait]
impl Dealer for Halves {
    async fn begin(&self, copy: SharedCopy) -> Result<(), Fault> {
        *self.own.lock().unwrap() = copy.open[..copy.open.len() / 2].to_vec();
        *self.copy.lock().unwrap() = Some(copy);
        Ok(())
    }

    async fn next(&self) -> Result<Deal, Fault> {
        match self.own.lock().unwrap().pop() {
            Some(place) => Ok(Deal::Read(place)),
            None => Ok(Deal::Over(self.others.lock().unwrap().clone())),
        }
    }

    async fn finished(&self, place: usize, _part: &Part) -> Result<(), Fault> {
        self.finished.lock().unwrap().push(place);
        Ok(())
    }
}

#[tokio::test]
async fn parts_of_other_nodes_count() {
    let depot = Depot::new(rows(1000, 8, 50));
    // What the other node wrote: taken from a copy of its own.
    let other = Depot::new(rows(1000, 8, 50));
    other.room.store(8, Ordering::SeqCst);
    let halves = Arc::new(Halves::default());
    {
        let helper = interrupted_at_the_end(&other).await;
        let mut others = halves.others.lock().unwrap();
        *others = helper.iter().filter(|(place, _)| *place >= 4).cloned().collect();
    }
    let fault = depot.attempt(1, Some(halves.clone())).await.unwrap_err();
    // The notes of four parts came, but their rows are nowhere: the sink's own count tells.
    assert_eq!(fault.code, Code::VerificationFailed);
    let copy = halves.copy.lock().unwrap().clone().unwrap();
    assert_eq!((copy.labels.len(), copy.open.len(), copy.native), (8, 8, false));
    let mut finished = halves.finished.lock().unwrap().clone();
    finished.sort_unstable();
    assert_eq!(finished, [0, 1, 2, 3]);
}

/// The parts of a whole copy, by their places.
async fn interrupted_at_the_end(depot: &Arc<Depot>) -> Vec<(usize, Part)> {
    depot.room.store(7, Ordering::SeqCst);
    depot.attempt(1, None).await.unwrap_err();
    let stage = depot.stage.lock().unwrap();
    let parts = stage.as_ref().unwrap().parts.iter();
    let place = |label: &str| label.rsplit(' ').next().unwrap().parse().unwrap();
    let mut parts: Vec<(usize, Part)> = parts.map(|(part, _)| (place(&part.label), part.clone())).collect();
    if let Some(missing) = (0..8).find(|place| !parts.iter().any(|(there, _)| there == place)) {
        let mut part = parts[0].1.clone();
        part.label = format!("part {missing}");
        parts.push((missing, part));
    }
    parts
}
