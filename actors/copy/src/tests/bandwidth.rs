//! Bytes are counted against a made-up clock: no test of a rate here waits for a real one.

use super::source::rows;
use super::support::Bench;
use crate::bandwidth::{Bandwidth, Pace, TestBucket, parse_rate, rate_text};
use sluice_contract::Code;
use std::time::Duration;
use tokio::time::Instant;

const RATE: u64 = 1_000_000;

/// Readers that take pieces in turn, each when its last one is paid for; the seconds until the last has all.
fn seconds(bucket: &mut TestBucket, from: Instant, readers: usize, pieces: u64, bytes: u64) -> f64 {
    let mut now = from;
    let mut left = vec![pieces; readers];
    while left.iter().any(|left| *left > 0) {
        for left in left.iter_mut().filter(|left| **left > 0) {
            bucket.charge(bytes, now);
            *left -= 1;
        }
        while let Some(wait) = bucket.debt(now) {
            now += wait;
        }
    }
    (now - from).as_secs_f64()
}

#[test]
fn bytes_take_their_time() {
    let mut now = Instant::now();
    let mut bucket = TestBucket::new(Some(RATE), now);
    let took = seconds(&mut bucket, now, 1, 100, 50_000);
    assert!((4.9..=5.1).contains(&took), "{took} s for 5 s of bytes");
    // A pause earns no more than a tenth of a second.
    now += Duration::from_secs(1000);
    let took = seconds(&mut bucket, now, 1, 1, RATE);
    assert!((0.85..=0.95).contains(&took), "{took} s");
    let mut bucket = TestBucket::new(None, now);
    assert!(seconds(&mut bucket, now, 3, 10, u64::MAX / 64) < 0.001);
}

#[test]
fn those_who_share_a_limit_share_its_rate() {
    let now = Instant::now();
    for readers in [1, 3, 10] {
        let mut bucket = TestBucket::new(Some(RATE), now);
        let took = seconds(&mut bucket, now, readers, 10, 50_000);
        let expected = readers as f64 * 0.5;
        assert!((took - expected).abs() < 0.1, "{took} s for {expected} s of bytes");
    }
}

#[test]
fn a_change_counts_from_its_moment() {
    let begun = Instant::now();
    for (rate, expected) in [
        (Some(10 * RATE), 10.0 + 9.0),
        (None, 10.0),
        (Some(RATE / 10), 10.0 + 900.0),
    ] {
        let mut bucket = TestBucket::new(Some(RATE), begun);
        bucket.charge(100 * RATE, begun);
        let mut now = begun + Duration::from_secs(10);
        bucket.set(rate, now);
        while let Some(wait) = bucket.debt(now) {
            now += wait;
        }
        let took = (now - begun).as_secs_f64();
        assert!((took - expected).abs() < 0.01, "{took} s and not {expected} s");
        assert_eq!(bucket.rate(), rate);
    }
}

#[tokio::test]
async fn a_change_reaches_those_who_wait() {
    // At this rate the wait would last for days.
    let limit = Bandwidth::new(Some(1));
    let waiting = tokio::spawn({
        let limit = limit.clone();
        async move { limit.take(RATE).await }
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!waiting.is_finished());
    limit.set(None);
    let ended = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    ended.expect("it waits on").unwrap();
    assert_eq!((limit.rate(), limit.taken()), (None, RATE));
}

#[tokio::test]
async fn what_a_copy_read_is_counted_once_on_all_its_limits() {
    let (node, copy) = (Bandwidth::new(Some(1 << 40)), Bandwidth::unlimited());
    let pace = Pace::new(vec![node.clone(), copy.clone()]);
    for read in 1..=50 {
        pace.reached(read * 100_000).await;
        pace.reached(read * 50_000).await;
    }
    assert_eq!((node.taken(), copy.taken()), (5_000_000, 5_000_000));
    assert!(!pace.is_held_up());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_waits_for_its_limit_and_is_not_taken_for_stuck() {
    let mut bench = Bench::new(rows(10_000, 2, 2_500), &[]);
    let limit = Bandwidth::unlimited();
    bench.options.bandwidth = vec![limit.clone()];
    let bytes = bench.run().await.unwrap().bytes_read;
    assert!(bytes > 0);
    assert_eq!(limit.taken(), bytes);
    let begun = Instant::now();
    let mut slow = Bench::new(rows(10_000, 2, 2_500), &[]);
    // Each batch takes far longer than the copy may stand still.
    slow.options.stall_timeout = Duration::from_millis(100);
    slow.options.bandwidth = vec![Bandwidth::new(Some(bytes))];
    slow.run().await.unwrap();
    assert!(begun.elapsed() > Duration::from_millis(800), "nothing waited");
}

#[test]
fn rates_are_read_as_people_write_them() {
    for (text, rate) in [
        ("off", None),
        ("10MB/s", Some(10_000_000)),
        (" 1.5 GiB/S", Some(3 << 29)),
        ("512kib", Some(512 * 1024)),
        ("7", Some(7)),
        ("100 B/s", Some(100)),
    ] {
        assert_eq!(parse_rate(text).unwrap(), rate, "{text}");
        assert_eq!(parse_rate(&rate_text(rate)).unwrap(), rate, "{text}");
    }
    for text in [
        "",
        "fast",
        "-1MB/s",
        "0",
        "0.5B",
        "10 Mbit/s",
        "NaN",
        "inf GB",
        "ä/s",
        "1e400",
    ] {
        assert_eq!(parse_rate(text).unwrap_err().code, Code::Usage, "{text}");
    }
}
