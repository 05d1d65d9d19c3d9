//! What operators search the log for.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

use crate::sync::lock;
use crate::{Event, EventSink as _, Reason, TracingEvents};

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
