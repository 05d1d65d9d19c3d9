mod strict;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use self::strict::{Family, read};
use super::*;
use crate::tests::probe::{Block, Boom, Count, Hardy, Labour, Probe, Seen};
use crate::tests::world::{PATIENCE, World, test, until};
use crate::{BUCKET_BOUNDS, Counts, Current, MessageSnapshot, Timing, dataplane};

/// Whatever a name may have in it.
const ODD: [&str; 8] = [
    "a \"quoted\" name",
    "back\\slash \\n \\\" \\",
    "two\nlines\r\nand three",
    "brace}, comma=\"x\"} 7",
    "",
    " ",
    "# HELP x y",
    "grüße/日本 🦀",
];

fn timing(counts: [u64; BUCKET_BOUNDS.len() + 1]) -> Timing {
    Timing {
        count: counts.iter().sum(),
        total_ns: 1_234_567_890,
        max_ns: 1,
        buckets: counts,
    }
}

/// A component that has figures everywhere.
fn component(component: &'static str, message: &'static str, n: u64) -> Snapshot {
    Snapshot {
        component,
        incarnation: n,
        depth: 3,
        capacity: 4096,
        current: Some(Current {
            message,
            age_ns: 1_500_000_000,
        }),
        messages: vec![MessageSnapshot {
            message,
            counts: Counts {
                sent: u64::MAX / 1000,
                handled: n,
                ..Counts::default()
            },
            wait: timing([1, 0, 2, 0, 3, 0, 0, n]),
            run: Timing::default(),
        }],
        ..Snapshot::default()
    }
}

fn families(page: &str) -> BTreeMap<String, Family> {
    read(page).unwrap_or_else(|wrong| panic!("{wrong}\n{page}"))
}

#[test]
fn odd_names_come_back_as_they_were() {
    let mut components = Vec::new();
    for (n, odd) in (1..).zip(ODD) {
        components.push((odd.to_owned(), Health::Running, component("Plain", odd, n)));
        components.push(("id".to_owned(), Health::Failed, component(odd, "Message", n)));
    }
    let families = families(&page(&components, Some(dataplane().unwrap())));
    for (n, odd) in (1_u32..).zip(ODD) {
        let n = f64::from(n);
        let plain = [("component", "Plain"), ("id", odd)];
        let value = |family: &str, labels: &[(&str, &str)]| families[family].value(labels);
        assert_eq!(value("sluice_actor_incarnation", &plain), Some(n), "{odd:?}");
        let handled = [&plain[..], &[("message", odd), ("outcome", "handled")]].concat();
        assert_eq!(value("sluice_actor_messages_total", &handled), Some(n), "{odd:?}");
        let waited = [&plain[..], &[("message", odd), ("le", "0.001")]].concat();
        assert_eq!(
            value("sluice_actor_message_wait_seconds", &waited),
            Some(3.0),
            "{odd:?}"
        );
        let all = [&plain[..], &[("message", odd), ("le", "+Inf")]].concat();
        assert_eq!(
            value("sluice_actor_message_wait_seconds", &all),
            Some(6.0 + n),
            "{odd:?}"
        );
        let age = [&plain[..], &[("message", odd)]].concat();
        assert_eq!(value("sluice_actor_current_message_age_seconds", &age), Some(1.5));
        let state = [("component", odd), ("state", "failed")];
        assert_eq!(value("sluice_actor_state", &state), Some(1.0), "{odd:?}");
    }
}

#[test]
fn odd_helps_and_numbers_come_back_as_they_were() {
    let mut text = Text::new();
    text.family("odd_help", Kind::Gauge, "a \\ and\na \"quote\"")
        .sample(&[("n", "1")], f64::INFINITY)
        .sample(&[("n", "2")], f64::NEG_INFINITY)
        .sample(&[("n", "3")], 1e-9)
        .sample(&[("n", "4")], 1e21)
        .sample(&[("n", "5")], f64::NAN);
    let families = families(&text.into_string());
    let odd = &families["odd_help"];
    assert_eq!(odd.help, "a \\ and\na \"quote\"");
    let values: Vec<_> = odd.samples.iter().map(|(_, _, value)| *value).collect();
    assert_eq!(values[..4], [f64::INFINITY, f64::NEG_INFINITY, 1e-9, 1e21]);
    assert!(values[4].is_nan());
}

#[test]
fn the_page_of_a_root_that_has_seen_something_is_well_formed() {
    test(async {
        let world = World::new();
        let seen = Arc::<Seen>::default();
        let hangs = world.start::<Probe<Hardy>>("probe/\"hangs\"", Arc::clone(&seen));
        let panics = world.start::<Probe<Hardy>>("probe/panics\n", Arc::default());
        hangs.tell(Block { number: 1 }).unwrap();
        assert_eq!(hangs.ask(Count {}, PATIENCE).await.unwrap(), (1, 2));
        panics.tell(Boom {}).unwrap();
        panics.ask(Count {}, PATIENCE).await.unwrap();
        let time = Duration::from_millis(100);
        panics.tell(Labour { time }).unwrap();
        until("it is at work", || panics.metrics().current.is_some()).await;
        let page = world.root.prometheus();
        let families = families(&page);
        for (name, of) in [
            ("sluice_actor_state", "gauge"),
            ("sluice_actor_restarts_total", "counter"),
            ("sluice_actor_message_run_seconds", "histogram"),
            ("sluice_actor_mailbox_waiting_senders", "gauge"),
            ("tokio_workers", "gauge"),
        ] {
            assert_eq!(families[name].kind, of);
        }
        #[cfg(target_os = "linux")]
        assert!(families["process_resident_memory_bytes"].value(&[]).unwrap() > 1e6);
        let restarts = |id: &str, reason: &str| {
            let labels = [("component", "Probe"), ("id", id), ("reason", reason)];
            families["sluice_actor_restarts_total"].value(&labels).unwrap()
        };
        assert_eq!(restarts("probe/\"hangs\"", "hang"), 1.0);
        assert_eq!(restarts("probe/panics\n", "panic"), 1.0);
        seen.open_gate();
        world.root.shutdown().await;
    });
}

#[test]
fn many_ids_are_one_line_with_their_sum() {
    let members = |count: usize| -> Vec<_> {
        let member = |n: usize| (format!("c/{n}"), Health::Running, component("Many", "Message", 2));
        (0..count).map(member).collect()
    };
    let at_most = families(&page(&members(MAX_IDS), None));
    assert_eq!(at_most["sluice_actor_mailbox_messages"].samples.len(), MAX_IDS);
    let more = families(&page(&members(MAX_IDS + 1), None));
    let sum = more["sluice_actor_mailbox_messages"].value(&[("component", "Many")]);
    assert_eq!(sum, Some(3.0 * 65.0));
}

/// The reader itself: each of these pages breaks one rule.
#[test]
fn a_page_that_breaks_a_rule_is_not_read() {
    let good = "# HELP x Help.\n# TYPE x gauge\nx{a=\"b\"} 1\n";
    assert!(read(good).is_ok());
    let histogram = |lines: &str| format!("# HELP h Help.\n# TYPE h histogram\n{lines}h_sum 1\nh_count 2\n");
    assert!(read(&histogram("h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\n")).is_ok());
    for bad in [
        "x 1\n".to_owned(),
        good.trim_end().to_owned(),
        format!("{good}{good}"),
        format!("{good}x{{a=\"b\"}} 2\n"),
        format!("{good}y 1\n"),
        format!("{good}\n"),
        good.replace("# TYPE x gauge\n", ""),
        good.replace("# HELP x Help.\n", ""),
        good.replace("gauge", "number"),
        good.replace("gauge", "counter"),
        good.replace("gauge", "histogram"),
        good.replace("} 1", "} one"),
        good.replace("} 1", "}  1"),
        good.replace("} 1", "} 1 2"),
        good.replace("\"b\"", "\"b"),
        good.replace("\"b\"", "\"\\b\""),
        good.replace("\"b\"", "\"b\"\""),
        good.replace("\"b\"", "\"b\",a=\"c\""),
        good.replace("{a", "{__a"),
        good.replace("{a", "{1a"),
        good.replace("Help.", "He\\lp."),
        histogram("h_bucket{le=\"1\"} 1\n"),
        histogram("h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 3\n"),
        histogram("h_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 2\n"),
        histogram("h_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 2\n"),
        histogram("h_bucket 1\nh_bucket{le=\"+Inf\"} 2\n"),
        histogram(""),
    ] {
        assert!(read(&bad).is_err(), "{bad}");
    }
}
