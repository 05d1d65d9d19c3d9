//! The turns of this process to write, and what is made durable together.
//!
//! To be durable is to wait for the disk, whatever the size of what was written. So whoever has written leaves the database's
//! transaction open for those who already wait for their turn: each of them writes behind a savepoint of its own, and one
//! COMMIT ends them all. Nobody is told that something is done before that COMMIT; whoever gives up takes back what is
//! his own and nothing else. Somebody who is alone waits for nobody.

use super::{Conn, Database, Db, StateLock, audit};
use sluice_contract::{Code, Fault};
use sqlx::Transaction;
use std::future::{Future, ready};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard, oneshot};
use tokio::task::JoinHandle;

/// How long to wait for this process's turn to write.
const TURN: Duration = Duration::from_secs(60);
/// How many may end together: the first of them waits for the last.
const TOGETHER: usize = 64;

/// The turns of this process. Waiting here is fair; waiting in SQLite is polling, and in PostgreSQL it would take a
/// connection.
#[derive(Clone)]
pub(super) struct Writer {
    turns: Arc<Mutex<Open>>,
}

/// What whoever has the turn finds.
struct Open {
    group: Option<Group>,
    /// A write that is under way holds the lock of the state directory, if this process has it.
    lock: Option<StateLock>,
}

type Turn = OwnedMutexGuard<Open>;

/// A transaction of the database, and those who wrote in it.
struct Group {
    tx: Transaction<'static, Database>,
    /// Those who have written, and wait to hear that it is durable.
    waiting: Vec<oneshot::Sender<Result<(), Fault>>>,
    /// How far the last of them is.
    last: Last,
}

/// How far somebody is who writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Writing,
    /// Its savepoint is being set or released.
    Unsure,
    Ended,
}

impl Writer {
    pub(super) fn new(lock: Option<StateLock>) -> Self {
        let open = Open { group: None, lock };
        Self {
            turns: Arc::new(Mutex::new(open)),
        }
    }

    /// Waits for the turn, and begins a transaction: within the one that is open, or with a new one of the database.
    pub(super) async fn begin<B>(&self, begin: impl FnOnce() -> B) -> Result<WriteTx, Fault>
    where
        B: Future<Output = Result<Transaction<'static, Database>, Fault>>,
    {
        let turn = tokio::time::timeout(TURN, Arc::clone(&self.turns).lock_owned());
        let mut turn = turn.await.map_err(|_| {
            Fault::new(
                Code::StateFailed,
                "the database has not ended the write before for a minute",
            )
        })?;
        if turn.group.as_ref().is_some_and(Group::is_closed) {
            turn = end(ready(turn)).await.map_err(lost)?;
        }
        let ending = match &mut turn.group {
            Some(group) => {
                group.last = Last::Unsure;
                run(&mut group.tx, "SAVEPOINT member").await?;
                group.last = Last::Writing;
                None
            }
            None => {
                turn.group = Some(Group {
                    tx: begin().await?,
                    waiting: Vec::new(),
                    last: Last::Writing,
                });
                Some(Ending(Arc::clone(&self.turns)))
            }
        };
        let group = OwnedMutexGuard::try_map(turn, |open| open.group.as_mut());
        let group = group.map_err(|_| Fault::new(Code::Internal, "a turn to write has no transaction"))?;
        Ok(WriteTx { group, ending })
    }

    /// Ends what is open, and lets nobody write before `close` is over; gives the directory's lock back then.
    pub(super) async fn close(&self, close: impl Future<Output = ()>) {
        let mut turn = match end(Arc::clone(&self.turns).lock_owned()).await {
            Ok(turn) => turn,
            Err(_) => Arc::clone(&self.turns).lock_owned().await,
        };
        close.await;
        drop(turn.lock.take());
    }
}

/// Ends what is open when the turn has come. On a task of its own, which ends with the transaction: many wait for it, and each
/// of them may be gone before it is over.
fn end(turn: impl Future<Output = Turn> + Send + 'static) -> JoinHandle<Turn> {
    tokio::spawn(async move {
        let mut turn = turn.await;
        if let Some(group) = turn.group.take() {
            group.end().await;
        }
        turn
    })
}

impl Group {
    /// Whether nobody may join it any more. One who gave up closes it: what the database thinks of its transaction then is
    /// found out before anybody else relies on it.
    fn is_closed(&self) -> bool {
        self.last != Last::Ended || self.waiting.len() >= TOGETHER
    }

    async fn end(self) {
        let Self { tx, waiting, last } = self;
        let ended = match waiting.is_empty() {
            true => tx.rollback().await.db(),
            false => commit(tx, last).await,
        };
        for member in waiting {
            // Whoever does not wait any more need not know.
            let _ = member.send(ended.clone());
        }
    }
}

async fn commit(mut tx: Transaction<'static, Database>, last: Last) -> Result<(), Fault> {
    match last {
        Last::Writing => run(&mut tx, "ROLLBACK TO SAVEPOINT member").await?,
        // Nobody knows whether the database took it. If it refused, PostgreSQL would take a COMMIT for a ROLLBACK and say
        // nothing; this statement it refuses.
        Last::Unsure => run(&mut tx, "SAVEPOINT member").await?,
        Last::Ended => {}
    }
    tx.commit().await.db()
}

async fn run(conn: &mut Conn, sql: &'static str) -> Result<(), Fault> {
    sqlx::raw_sql(sql).execute(conn).await.db()?;
    Ok(())
}

fn lost<E>(_: E) -> Fault {
    Fault::new(Code::StateFailed, "it is not known whether a write has ended")
}

/// A write transaction, and this writer's turn.
pub(crate) struct WriteTx {
    // Before what waits for the turn behind it: fields are dropped in this order.
    group: OwnedMappedMutexGuard<Open, Group>,
    /// Whoever opened the group has it ended.
    ending: Option<Ending>,
}

/// When it is dropped, the group is ended as soon as those have written who wait for their turn by then.
struct Ending(Arc<Mutex<Open>>);

impl Drop for Ending {
    fn drop(&mut self) {
        // Without a runtime the process is over, and with it the transaction.
        if Handle::try_current().is_ok() {
            drop(end(Arc::clone(&self.0).lock_owned()));
        }
    }
}

impl WriteTx {
    /// Makes all of it durable, and with it the audit log's entry of the request that it is part of, if it is of one.
    ///
    /// # Errors
    /// `SL9001`; nothing happened then.
    pub(crate) async fn commit(self) -> Result<(), Fault> {
        let Self { mut group, ending } = self;
        audit::carry(&mut group.tx).await?;
        if ending.is_none() {
            group.last = Last::Unsure;
            if let Err(fault) = run(&mut group.tx, "RELEASE SAVEPOINT member").await {
                group.last = Last::Writing;
                return Err(fault);
            }
        }
        let (told, ended) = oneshot::channel();
        group.last = Last::Ended;
        group.waiting.push(told);
        // The next one's turn.
        drop(group);
        drop(ending);
        ended.await.map_err(lost)?
    }
}

impl Deref for WriteTx {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.group.tx
    }
}

impl DerefMut for WriteTx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.group.tx
    }
}
