//! What the ledger remembers.

use crate::{JobState, Ledger, Received};
use chrono::{TimeDelta, Utc};
use serde_json::json;
use sluice_contract::job::{Checkpoint, JobSpec, Outcome};
use sluice_contract::message::Completed;
use sluice_contract::{Code, Envelope, JobId, Message, Object};
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

pub(super) fn spec() -> JobSpec {
    let endpoint = json!({"name": "ls", "type": "Sqlite", "properties": {"path": "/x"}, "sealed": "a.b.c.d.e"});
    let spec = json!({"run": "r", "pipeline": "p", "activity": "a", "source": endpoint, "sink": endpoint,
        "timeout_s": 60, "member_of_a_later_version": [1]});
    serde_json::from_value(spec).unwrap()
}

pub(super) fn outcome(job: &JobId, attempt: u32) -> Envelope {
    let completed = Completed {
        outcome: Outcome::Copy(Box::default()),
        extra: Object::new(),
    };
    Envelope::new("g".into(), &Message::JobCompleted(completed)).job(job.clone(), attempt, Some(1))
}

pub(super) fn ledger() -> (TempDir, Ledger) {
    let dir = TempDir::new().unwrap();
    let ledger = Ledger::open(dir.path().join("ledger.db")).unwrap();
    (dir, ledger)
}

fn job(name: &str) -> JobId {
    JobId::new(name)
}

#[test]
fn a_job_is_received_once() {
    let (_dir, ledger) = ledger();
    let one = job("one");
    assert_eq!(ledger.receive(&one, 1, &spec()).unwrap(), Received::Fresh);
    assert_eq!(ledger.receive(&one, 1, &spec()).unwrap(), Received::Duplicate);
    assert_eq!(
        ledger.receive(&one, 2, &spec()).unwrap(),
        Received::Fresh,
        "another attempt is another job"
    );
    ledger.finish(&one, 1, &outcome(&one, 1)).unwrap();
    assert_eq!(
        ledger.receive(&one, 1, &spec()).unwrap(),
        Received::Duplicate,
        "even when it is over"
    );
}

#[test]
fn a_job_goes_through_its_states() {
    let (dir, ledger) = ledger();
    let one = job("one");
    ledger.receive(&one, 1, &spec()).unwrap();
    assert_eq!(ledger.job(&one, 1).unwrap().unwrap().token, None);
    ledger.set_token(&one, 1, u64::MAX).unwrap();
    for state in [
        JobState::Received,
        JobState::Claimed,
        JobState::Running,
        JobState::Committing,
    ] {
        ledger.set_state(&one, 1, state).unwrap();
        let open = ledger.unfinished().unwrap();
        assert_eq!(open.len(), 1);
        assert_eq!((open[0].state, open[0].token), (state, Some(u64::MAX)));
        assert_eq!(open[0].spec().unwrap(), spec());
        assert!(open[0].received <= open[0].changed);
    }
    ledger.finish(&one, 1, &outcome(&one, 1)).unwrap();
    assert!(ledger.unfinished().unwrap().is_empty());
    ledger.set_state(&one, 1, JobState::Running).unwrap();
    let again = Ledger::open(dir.path().join("ledger.db")).unwrap();
    assert_eq!(
        again.job(&one, 1).unwrap().unwrap().state,
        JobState::Done,
        "what is over stays over"
    );
    assert!(again.job(&one, 2).unwrap().is_none());
}

#[test]
fn outcomes_stay_until_they_are_acknowledged() {
    let (_dir, ledger) = ledger();
    let jobs = ["b", "a", "c"].map(job);
    let outcomes: Vec<Envelope> = jobs.iter().map(|job| outcome(job, 1)).collect();
    for (job, outcome) in jobs.iter().zip(&outcomes) {
        ledger.finish(job, 1, outcome).unwrap();
        ledger.finish(job, 1, outcome).unwrap();
    }
    let ids = |ledger: &Ledger| {
        ledger
            .outbox()
            .unwrap()
            .into_iter()
            .map(|out| out.envelope.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ids(&ledger),
        outcomes.iter().map(|o| o.id.clone()).collect::<Vec<_>>(),
        "oldest first"
    );
    assert_eq!(ledger.outbox().unwrap()[0].envelope, outcomes[0]);
    ledger.sent(&[outcomes[0].id.clone()]).unwrap();
    ledger.sent(&[outcomes[0].id.clone(), "unknown".to_owned()]).unwrap();
    assert_eq!(
        ledger
            .outbox()
            .unwrap()
            .iter()
            .map(|out| out.attempts)
            .collect::<Vec<_>>(),
        [2, 0, 0]
    );
    assert_eq!(ledger.ack(&[outcomes[1].id.clone(), "unknown".to_owned()]).unwrap(), 1);
    assert_eq!(ids(&ledger), [outcomes[0].id.clone(), outcomes[2].id.clone()]);
    assert_eq!(ledger.ack(&[]).unwrap(), 0);
}

#[test]
fn a_cancel_may_come_before_its_job() {
    let (_dir, ledger) = ledger();
    assert!(!ledger.cancelled(&job("one")).unwrap());
    ledger.remember_cancel(&job("one")).unwrap();
    ledger.remember_cancel(&job("one")).unwrap();
    ledger.receive(&job("one"), 1, &spec()).unwrap();
    assert!(ledger.cancelled(&job("one")).unwrap());
    assert!(!ledger.cancelled(&job("two")).unwrap());
}

#[test]
fn the_checkpoint_of_the_latest_attempt_is_kept() {
    let (_dir, ledger) = ledger();
    let checkpoint = |attempt, parts| Checkpoint {
        attempt,
        parts,
        ..Checkpoint::default()
    };
    assert_eq!(ledger.checkpoint(&job("one")).unwrap(), None);
    for (attempt, parts) in [(1, 5), (2, 1), (2, 7), (1, 9)] {
        ledger
            .keep_checkpoint(&job("one"), &checkpoint(attempt, parts))
            .unwrap();
    }
    assert_eq!(ledger.checkpoint(&job("one")).unwrap(), Some(checkpoint(2, 7)));
    assert_eq!(ledger.checkpoint(&job("two")).unwrap(), None);
}

#[test]
fn pruning_forgets_what_is_over_and_nothing_else() {
    let (_dir, ledger) = ledger();
    let [running, unsent, acked] = ["running", "unsent", "acked"].map(job);
    for job in [&running, &unsent, &acked] {
        ledger.receive(job, 1, &spec()).unwrap();
        ledger.keep_checkpoint(job, &Checkpoint::default()).unwrap();
    }
    ledger.remember_cancel(&acked).unwrap();
    ledger.finish(&unsent, 1, &outcome(&unsent, 1)).unwrap();
    let sent = outcome(&acked, 1);
    ledger.finish(&acked, 1, &sent).unwrap();
    ledger.ack(&[sent.id]).unwrap();
    assert_eq!(
        ledger.prune(Utc::now() - TimeDelta::hours(1)).unwrap(),
        0,
        "it is all too young"
    );
    assert!(ledger.cancelled(&acked).unwrap());
    assert_eq!(ledger.prune(Utc::now() + TimeDelta::seconds(1)).unwrap(), 1);
    assert!(ledger.job(&acked, 1).unwrap().is_none());
    assert_eq!(ledger.checkpoint(&acked).unwrap(), None);
    assert!(!ledger.cancelled(&acked).unwrap());
    assert_eq!(ledger.outbox().unwrap().len(), 1);
    for job in [&running, &unsent] {
        assert!(ledger.job(job, 1).unwrap().is_some());
        assert!(ledger.checkpoint(job).unwrap().is_some());
    }
}

#[test]
fn the_file_is_for_its_owner_only() {
    let (dir, ledger) = ledger();
    ledger.receive(&job("one"), 1, &spec()).unwrap();
    let mut files = 0;
    for file in std::fs::read_dir(dir.path()).unwrap() {
        let mode = file.unwrap().metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        files += 1;
    }
    assert_eq!(files, 3, "the ledger, its log and its index");
}

#[test]
fn a_ledger_that_cannot_be_used_is_named() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("ledger.db");
    assert_eq!(
        Ledger::open(dir.path().join("no/where")).unwrap_err().code,
        Code::LedgerFailed
    );
    assert_eq!(Ledger::open(dir.path()).unwrap_err().code, Code::LedgerFailed);
    std::fs::write(
        &path,
        "this is no database, whatever its name says, and it is longer than a header of SQLite",
    )
    .unwrap();
    let fault = Ledger::open(&path).unwrap_err();
    assert_eq!(fault.code, Code::LedgerFailed);
    assert!(fault.message.contains("ledger.db"), "{fault}");
    std::fs::remove_file(&path).unwrap();
    drop(Ledger::open(&path).unwrap());
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let fault = Ledger::open(&path).unwrap_err();
    assert!(
        fault.code == Code::LedgerFailed && fault.message.contains("newer"),
        "{fault}"
    );
}

#[test]
fn two_handles_see_each_other() {
    let (dir, one) = ledger();
    let two = Ledger::open(dir.path().join("ledger.db")).unwrap();
    one.receive(&job("one"), 1, &spec()).unwrap();
    assert_eq!(two.receive(&job("one"), 1, &spec()).unwrap(), Received::Duplicate);
    two.receive(&job("two"), 1, &spec()).unwrap();
    assert_eq!(one.unfinished().unwrap().len(), 2);
}
