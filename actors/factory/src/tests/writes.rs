//! Writes that become durable together: each counts on its own, and nobody hears of a success that is none.

use super::fixture::run;
use super::store::Store;
use crate::state::{Conn, State, WriteTx, meta};
use futures::poll;
use sqlx::Executor;
use std::pin::pin;
use tempfile::TempDir;

/// A database that lives as long as its directory and its server.
struct Place {
    state: State,
    _dir: TempDir,
    _store: Store,
}

async fn place() -> Place {
    let (dir, store) = (tempfile::tempdir().unwrap(), Store::fresh().await);
    let state = State::open(dir.path(), &store.options(), None).await.unwrap();
    Place {
        state,
        _dir: dir,
        _store: store,
    }
}

async fn put(conn: &mut Conn, name: &str) {
    meta::get_or_set(conn, name, "there").await.unwrap();
}

impl Place {
    async fn has(&self, name: &str) -> bool {
        let mut conn = self.state.read().await.unwrap();
        meta::get(&mut conn, name).await.unwrap().is_some()
    }

    /// Somebody who has the turn, and somebody who waits for it and joins him: what the first one wrote waits to be durable.
    async fn two(&self) -> (impl Future<Output = ()>, WriteTx) {
        let mut first = self.state.write().await.unwrap();
        put(&mut first, "first").await;
        let mut second = pin!(self.state.write());
        assert!(poll!(&mut second).is_pending());
        let mut ended = Box::pin(first.commit());
        assert!(poll!(&mut ended).is_pending());
        let mut second = second.await.unwrap();
        put(&mut second, "second").await;
        // Nobody is told before it is durable, and nobody else sees it.
        assert!(poll!(&mut ended).is_pending());
        assert!(!self.has("first").await);
        (async move { ended.await.unwrap() }, second)
    }
}

#[test]
fn both_are_durable_at_once() {
    run(async {
        let place = place().await;
        let (first, second) = place.two().await;
        let (_, second) = tokio::join!(first, second.commit());
        second.unwrap();
        assert!(place.has("first").await && place.has("second").await);
    });
}

#[test]
fn who_gives_up_takes_back_what_is_his_own() {
    run(async {
        let place = place().await;
        let (first, second) = place.two().await;
        drop(second);
        first.await;
        assert!(place.has("first").await && !place.has("second").await);
        // The next one begins anew.
        let mut third = place.state.write().await.unwrap();
        put(&mut third, "third").await;
        third.commit().await.unwrap();
        assert!(place.has("third").await);
    });
}

#[test]
fn a_statement_that_fails_fails_for_one_only() {
    run(async {
        let place = place().await;
        let (first, mut second) = place.two().await;
        let twice = "INSERT INTO meta (name, value) VALUES ('first', 'again')";
        second.execute(twice).await.unwrap_err();
        drop(second);
        first.await;
        assert!(place.has("first").await && !place.has("second").await);
    });
}

#[test]
fn who_goes_away_in_the_middle_takes_nobody_along() {
    run(async {
        let place = place().await;
        let (first, second) = place.two().await;
        // His commit is under way, and it does not matter any more what comes of it.
        let _ = poll!(pin!(second.commit()));
        first.await;
        assert!(place.has("first").await);

        let mut alone = place.state.write().await.unwrap();
        put(&mut alone, "alone").await;
        let _ = poll!(pin!(alone.commit()));
        // Nobody waits for that one; it ends all the same, before the next.
        place.state.write().await.unwrap().commit().await.unwrap();
        assert!(place.has("alone").await);
    });
}

#[test]
fn one_who_waits_and_goes_away_holds_up_nobody() {
    run(async {
        let place = place().await;
        let mut first = place.state.write().await.unwrap();
        put(&mut first, "first").await;
        {
            let mut second = pin!(place.state.write());
            assert!(poll!(&mut second).is_pending());
        }
        first.commit().await.unwrap();
        assert!(place.has("first").await);
    });
}

#[test]
fn a_crowd() {
    const MEMBERS: usize = 300;
    run(async {
        let place = place().await;
        let members = (0..MEMBERS).map(|member| {
            let state = place.state.clone();
            async move {
                let mut tx = state.write().await.unwrap();
                put(&mut tx, &format!("member {member}")).await;
                match member % 3 {
                    0 => drop(tx),
                    _ => tx.commit().await.unwrap(),
                }
            }
        });
        futures::future::join_all(members).await;
        for member in 0..MEMBERS {
            assert_eq!(
                place.has(&format!("member {member}")).await,
                member % 3 != 0,
                "{member}"
            );
        }
        place.state.close().await;
        assert!(place.state.write().await.is_err(), "it is closed");
    });
}
