//! .NET's time spans in a policy.

use super::json::text;
use crate::document::Pipeline;
use proptest::prelude::*;
use serde_json::json;
use std::time::Duration;

fn timeout(text: &str) -> Option<Duration> {
    let activity = json!({"name": "a", "type": "Copy", "policy": {"timeout": text}});
    let document = json!({"properties": {"activities": [activity]}});
    let pipeline = Pipeline::view(&document).unwrap();
    pipeline.activities()[0].policy().ok().map(|policy| policy.timeout)
}

proptest! {
    #[test]
    fn what_dot_net_writes_is_read(days in 0..10_000_u64, h in 0..24_u64, m in 0..60_u64, s in 0..60_u64, ticks in 0..10_000_000_u64) {
        let whole = Duration::from_secs(((days * 24 + h) * 60 + m) * 60 + s);
        prop_assert_eq!(timeout(&format!("{days}.{h:02}:{m:02}:{s:02}")), Some(whole));
        let exact = whole + Duration::from_nanos(ticks * 100);
        let read = timeout(&format!("{days}.{h:02}:{m:02}:{s:02}.{ticks:07}")).unwrap();
        prop_assert!(read.abs_diff(exact) < Duration::from_nanos(100), "{:?} is not {:?}", read, exact);
    }

    #[test]
    fn any_text_is_a_time_span_or_none(text in prop_oneof![text(), "[0-9.:+eE -]{0,20}", "[0-9]{0,25}\\.[0-9]{0,25}:[0-9]{0,4}:[0-9.]{0,25}"]) {
        if let Some(read) = timeout(&text) {
            prop_assert!(read < Duration::from_secs(10_001 * 86_400));
            prop_assert!(text.bytes().all(|b| b.is_ascii_digit() || b".:".contains(&b)), "{}", text);
        }
    }
}
