//! Ranges, and what is promised of a source.

use super::isolation::Isolation;
use super::partition::{Kind, Range};

fn range(kind: Kind, lower: i64, upper: i64) -> Range {
    Range {
        column: "k".into(),
        kind,
        lower,
        upper,
    }
}

#[test]
fn ranges_meet_and_take_everything() {
    let conditions = |range: Range, parallel| -> Vec<String> {
        range
            .slices("t", parallel)
            .into_iter()
            .map(|slice| slice.condition)
            .collect()
    };
    assert_eq!(
        conditions(range(Kind::Whole, 1, 9), 3),
        ["([k] < 4 OR [k] IS NULL)", "[k] >= 4 AND [k] < 7", "[k] >= 7"]
    );
    assert_eq!(conditions(range(Kind::Whole, 5, 5), 8), [""]);
    assert_eq!(
        conditions(range(Kind::Whole, i64::MIN, i64::MAX), 2),
        ["([k] < 0 OR [k] IS NULL)", "[k] >= 0"]
    );
    // 0 is 1900-01-01.
    assert_eq!(
        conditions(range(Kind::Day, 0, 1), 2),
        ["([k] < '19000102' OR [k] IS NULL)", "[k] >= '19000102'"]
    );
    let moments = conditions(range(Kind::Moment, 0, 86_399), 2);
    assert_eq!(moments[1], "[k] >= '1900-01-01T12:00:00'");
}

#[test]
fn warnings_say_what_a_copy_is_not() {
    let words = |level, versions, frozen, partitions| {
        Isolation::of(level, versions, frozen)
            .warning(partitions, false)
            .unwrap_or_default()
    };
    assert_eq!(words(Some("Snapshot"), false, false, 1), "");
    assert_eq!(words(Some("Serializable"), false, false, 1), "");
    assert_eq!(words(None, true, false, 1), "");
    assert!(words(None, false, false, 1).contains("ALLOW_SNAPSHOT_ISOLATION"));
    assert!(words(Some("ReadUncommitted"), false, false, 1).contains("ReadUncommitted"));
    assert!(words(Some("Snapshot"), false, false, 4).contains("one session each"));
    assert_eq!(words(Some("Snapshot"), false, true, 4), "");
    assert_eq!(Isolation::of(Some("Snapshot"), false, false).warning(4, true), None);
}
