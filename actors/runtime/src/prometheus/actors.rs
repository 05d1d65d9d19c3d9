//! The components' figures.

use std::collections::BTreeMap;

use super::text::{Kind, Label, Text, seconds};
use crate::{Counts, Health, MessageSnapshot, Restarts, Snapshot};

/// A component with more ids than this is shown as one, with sums.
pub const MAX_IDS: usize = 64;

/// One line's worth of figures: a component, or all components of one name together.
struct Row<'a> {
    component: &'static str,
    id: Option<&'a str>,
    members: Vec<(Health, &'a Snapshot)>,
    messages: BTreeMap<&'static str, MessageSnapshot>,
}

impl Row<'_> {
    fn labels(&self) -> Vec<Label<'_>> {
        let mut labels = vec![("component", self.component)];
        labels.extend(self.id.map(|id| ("id", id)));
        labels
    }

    fn sum(&self, figure: impl Fn(&Snapshot) -> u64) -> u64 {
        self.members.iter().map(|(_, snapshot)| figure(snapshot)).sum()
    }
}

/// Writes the figures of components: `sluice_actor_*`.
pub fn actors(text: &mut Text, components: &[(String, Health, Snapshot)]) {
    let rows = rows(components);
    states(text, &rows);
    restarts(text, &rows);
    gauges(text, &rows);
    messages(text, &rows);
}

fn states(text: &mut Text, rows: &[Row<'_>]) {
    let mut family = text.family("sluice_actor_state", Kind::Gauge, "Components in a state.");
    for row in rows {
        for state in Health::ALL {
            let count = row.members.iter().filter(|(health, _)| *health == state).count();
            let mut labels = row.labels();
            labels.push(("state", state.as_str()));
            family.count(&labels, count as u64);
        }
    }
    one_per_row(
        text,
        rows,
        "sluice_actor_escalated",
        "Components that were given up and are down, or cool down.",
        |snapshot| u64::from(snapshot.escalation.is_some()),
    );
    one_per_row(
        text,
        rows,
        "sluice_actor_draining",
        "Components that take no more messages.",
        |snapshot| u64::from(snapshot.draining),
    );
}

/// A value of a label, and the figure it stands for.
type Named<T> = (&'static str, fn(&T) -> u64);

/// The components of one name, by id.
type Members<'a> = BTreeMap<&'a str, Vec<(Health, &'a Snapshot)>>;

fn restarts(text: &mut Text, rows: &[Row<'_>]) {
    let by_reason: [Named<Restarts>; 6] = [
        ("panic", |r| r.panic),
        ("hang", |r| r.hang),
        ("stalled", |r| r.stalled),
        ("stopped", |r| r.stopped),
        ("requested", |r| r.requested),
        ("neighbour", |r| r.neighbour),
    ];
    let mut family = text.family("sluice_actor_restarts_total", Kind::Counter, "Restarts by reason.");
    for row in rows {
        for (reason, figure) in by_reason {
            let mut labels = row.labels();
            labels.push(("reason", reason));
            family.count(&labels, row.sum(|snapshot| figure(&snapshot.restarts)));
        }
    }
    let mut family = text.family(
        "sluice_actor_escalations_total",
        Kind::Counter,
        "Times that the restart policy was exhausted.",
    );
    for row in rows {
        family.count(&row.labels(), row.sum(|snapshot| snapshot.restarts.escalated));
    }
    let mut family = text.family("sluice_actor_task_panics_total", Kind::Counter, "Tasks that panicked.");
    for row in rows {
        family.count(&row.labels(), row.sum(|snapshot| snapshot.task_panics));
    }
}

fn gauges(text: &mut Text, rows: &[Row<'_>]) {
    let mut family = text.family(
        "sluice_actor_incarnation",
        Kind::Gauge,
        "Starts at 1 and grows by one with every restart; of several components the highest.",
    );
    for row in rows {
        let highest = row.members.iter().map(|(_, snapshot)| snapshot.incarnation).max();
        family.count(&row.labels(), highest.unwrap_or_default());
    }
    one_per_row(
        text,
        rows,
        "sluice_actor_mailbox_messages",
        "Messages that wait.",
        |s| s.depth as u64,
    );
    one_per_row(
        text,
        rows,
        "sluice_actor_mailbox_capacity_messages",
        "Messages that may wait.",
        |s| s.capacity as u64,
    );
    one_per_row(
        text,
        rows,
        "sluice_actor_mailbox_peak_messages",
        "Messages that have waited at most.",
        |s| s.depth_peak as u64,
    );
    one_per_row(
        text,
        rows,
        "sluice_actor_mailbox_waiting_senders",
        "Senders that wait for room.",
        |s| s.waiting as u64,
    );
    one_per_row(text, rows, "sluice_actor_tasks", "Tasks that run.", |s| s.tasks as u64);
    let mut family = text.family(
        "sluice_actor_current_message_age_seconds",
        Kind::Gauge,
        "For how long a message has been handled; of several the longest. Absent when none is.",
    );
    for row in rows {
        let mut oldest: BTreeMap<&str, u64> = BTreeMap::new();
        for current in row.members.iter().filter_map(|(_, snapshot)| snapshot.current.as_ref()) {
            let age = oldest.entry(current.message).or_default();
            *age = current.age_ns.max(*age);
        }
        for (message, age_ns) in oldest {
            let mut labels = row.labels();
            labels.push(("message", message));
            family.sample(&labels, seconds(age_ns));
        }
    }
}

fn messages(text: &mut Text, rows: &[Row<'_>]) {
    let outcomes: [Named<Counts>; 5] = [
        ("handled", |c| c.handled),
        ("rejected", |c| c.rejected),
        ("lost", |c| c.lost),
        ("fenced", |c| c.fenced),
        ("cancelled", |c| c.cancelled),
    ];
    let mut family = text.family(
        "sluice_actor_messages_sent_total",
        Kind::Counter,
        "Messages offered to a component, accepted or not.",
    );
    for_each(rows, |labels, message| {
        family.count(labels, message.counts.sent);
    });
    let mut family = text.family(
        "sluice_actor_messages_total",
        Kind::Counter,
        "What became of messages. When none is under way, the sum is that of the sent ones.",
    );
    for_each(rows, |labels, message| {
        for (outcome, figure) in outcomes {
            let mut labels = labels.to_vec();
            labels.push(("outcome", outcome));
            family.count(&labels, figure(&message.counts));
        }
    });
    let mut family = text.family(
        "sluice_actor_message_wait_seconds",
        Kind::Histogram,
        "From a message being accepted to its being started.",
    );
    for_each(rows, |labels, message| {
        family.timing(labels, &message.wait);
    });
    let mut family = text.family(
        "sluice_actor_message_run_seconds",
        Kind::Histogram,
        "From a message being started to its handler having returned.",
    );
    for_each(rows, |labels, message| {
        family.timing(labels, &message.run);
    });
}

fn for_each(rows: &[Row<'_>], mut write: impl FnMut(&[Label<'_>], &MessageSnapshot)) {
    for row in rows {
        for (name, message) in &row.messages {
            let mut labels = row.labels();
            labels.push(("message", *name));
            write(&labels, message);
        }
    }
}

fn one_per_row(text: &mut Text, rows: &[Row<'_>], name: &'static str, help: &str, figure: impl Fn(&Snapshot) -> u64) {
    let mut family = text.family(name, Kind::Gauge, help);
    for row in rows {
        family.count(&row.labels(), row.sum(&figure));
    }
}

fn rows(components: &[(String, Health, Snapshot)]) -> Vec<Row<'_>> {
    let mut groups: BTreeMap<&'static str, Members<'_>> = BTreeMap::new();
    for (id, health, snapshot) in components {
        let ids = groups.entry(snapshot.component).or_default();
        // The same id in two roots of one process is one line.
        ids.entry(id).or_default().push((*health, snapshot));
    }
    let mut rows = Vec::new();
    for (component, ids) in groups {
        // An id that is one of a family, such as `connector/sales`, is shown also while it is the only one: its figures
        // keep their labels when a second one comes.
        let with_ids = ids.len() <= MAX_IDS && (ids.len() > 1 || ids.keys().any(|id| id.contains('/')));
        if with_ids {
            for (id, members) in ids {
                rows.push(row(component, Some(id), members));
            }
        } else {
            rows.push(row(component, None, ids.into_values().flatten().collect()));
        }
    }
    rows
}

fn row<'a>(component: &'static str, id: Option<&'a str>, members: Vec<(Health, &'a Snapshot)>) -> Row<'a> {
    let mut messages: BTreeMap<&'static str, MessageSnapshot> = BTreeMap::new();
    for message in members.iter().flat_map(|(_, snapshot)| &snapshot.messages) {
        // Two types of one name in different modules are one line too.
        let sum = messages.entry(message.message).or_default();
        sum.counts.add(&message.counts);
        sum.wait.add(&message.wait);
        sum.run.add(&message.run);
    }
    Row {
        component,
        id,
        members,
        messages,
    }
}
