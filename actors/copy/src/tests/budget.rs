use crate::budget::Budget;
use std::time::Duration;

const KIB: usize = 1024;

#[tokio::test]
async fn rooms_are_counted_and_given_back() {
    let budget = Budget::new(100 * KIB);
    let one = budget.reserve(40 * KIB).await;
    let two = budget.reserve(1).await;
    assert_eq!(budget.used(), 40 * KIB + 1);
    let one = budget.fit(one, 10 * KIB).await;
    assert_eq!(budget.used(), 10 * KIB + 1);
    let one = budget.fit(one, 90 * KIB).await;
    assert_eq!(budget.used(), 90 * KIB + 1);
    drop((one, two));
    assert_eq!(budget.used(), 0);
}

#[tokio::test]
async fn what_is_larger_than_all_takes_all() {
    for bytes in [0, 1, 100 * KIB] {
        let budget = Budget::new(bytes);
        let room = budget.reserve(usize::MAX).await;
        assert_eq!(budget.used(), bytes.max(1));
        let waiting = tokio::time::timeout(Duration::from_millis(20), budget.reserve(1)).await;
        assert!(waiting.is_err(), "there was room for more");
        drop(room);
        let _ = budget.reserve(1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rooms_of_any_size_never_wait_for_ever() {
    let budget = Budget::new(64 * KIB);
    let tasks = (1..50_usize).map(|task| {
        let budget = budget.clone();
        tokio::spawn(async move {
            for turn in 1..40_usize {
                let room = budget.reserve((task * 7 + turn * 13) % 64 * KIB).await;
                tokio::task::yield_now().await;
                let room = budget.fit(room, (task * 31 + turn * 3) % 100 * KIB).await;
                tokio::task::yield_now().await;
                drop(room);
            }
        })
    });
    let all = futures::future::join_all(tasks.collect::<Vec<_>>());
    let ended = tokio::time::timeout(Duration::from_secs(30), all)
        .await
        .expect("a deadlock");
    assert!(ended.into_iter().all(|task| task.is_ok()));
    assert_eq!(budget.used(), 0);
}
