//! What is left out is taken down first, and counted only then.

use crate::rejects::{RejectLog, Rejected, Rejects, Side};
use async_trait::async_trait;
use futures::executor::block_on;
use sluice_contract::{Code, Fault};
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct Full(Mutex<Vec<Rejected>>);

#[async_trait]
impl RejectLog for Full {
    async fn put(&self, rejected: Rejected) -> Result<(), Fault> {
        let mut taken = self.0.lock().unwrap();
        if taken.len() == 2 {
            return Err(Fault::new(Code::DiskFull, "the log is full"));
        }
        taken.push(rejected);
        Ok(())
    }
}

fn rejected(record: &str) -> Rejected {
    Rejected {
        side: Side::Sink,
        place: "table t".into(),
        record: record.into(),
        fault: Fault::new(Code::DataInvalid, "too long"),
    }
}

#[test]
fn what_cannot_be_taken_down_is_not_left_out() {
    let log = Arc::new(Full::default());
    let rejects = Rejects::new(log.clone());
    block_on(rejects.row(rejected("1,a"))).unwrap();
    block_on(rejects.file(rejected(""))).unwrap();
    assert_eq!(
        block_on(rejects.clone().row(rejected("2,b"))).unwrap_err().code,
        Code::DiskFull
    );
    assert_eq!((rejects.rows(), rejects.unread(), rejects.files()), (1, 0, 1));
    assert_eq!(log.0.lock().unwrap()[0].record, "1,a");
    // What was in the row is nobody's business in a log of the program.
    assert!(!format!("{rejects:?}").contains("1,a"));
}
