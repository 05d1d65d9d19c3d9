//! What operators search the log for.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

use super::child::in_a_process;
use super::probe::{Block, Count, Hardy, Probe, Seen};
use super::world::PATIENCE;
use crate::sync::lock;
use crate::{AskError, Event, EventSink as _, Placement, Reason, TracingEvents, run};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lock(&self.0).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[test]
fn an_unresponsive_component_is_logged_in_the_words_users_know() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        TracingEvents.on(&Event::Unresponsive {
            id: "scheduler".to_owned(),
            component: "JobScheduler",
            reason: Reason::Hang {
                stale: Duration::from_secs(5),
                handling: Some("Tick"),
            },
        });
    });
    let log = String::from_utf8(lock(&log.0).clone()).unwrap();
    let sentence = "A component of Data Management Gateway has become unresponsive and restarts automatically. \
                    Component name: JobScheduler.";
    assert!(log.contains(sentence), "{log}");
    assert!(log.contains("no sign of life for 5000 ms while handling Tick"), "{log}");
}

#[test]
fn a_real_hang_is_in_the_log_in_the_words_users_know() {
    let ended = in_a_process("sentence::a_real_hang_is_in_the_log_in_the_words_users_know", || {
        tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(io::stderr)
            .init();
        run(|root| async move {
            let deps = Arc::<Seen>::default();
            let probe = root.supervise::<Probe<Hardy>>("probe", deps, Placement::OwnThread);
            let stuck = probe.ask(Block { number: 1 }, PATIENCE).await;
            assert!(matches!(stuck, Err(AskError::Restarted)));
            assert_eq!(probe.ask(Count {}, PATIENCE).await.unwrap(), (1, 2));
            0
        })
    });
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let line = |wanted: &str| {
        let lines: Vec<_> = ended.stderr.lines().filter(|line| line.contains(wanted)).collect();
        assert_eq!(lines.len(), 1, "{}", ended.stderr);
        lines[0].to_owned()
    };
    let hang = line(
        "A component of Data Management Gateway has become unresponsive and restarts automatically. Component name: Probe.",
    );
    assert!(
        hang.contains("ERROR") && hang.contains("while handling Block"),
        "{hang}"
    );
    assert!(line("A component has been restarted.").contains("WARN"));
}
