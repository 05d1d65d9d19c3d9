//! What a trigger's document says, read and checked.

use super::clock::moment;
use chrono::{DateTime, Utc};
use sluice_contract::document::{Trigger, TriggerKind};
use sluice_contract::{Code, Fault};
use sluice_schedule::{Arrivals, Recurrence, Tumbling};

/// When a trigger fires.
#[derive(Clone, Debug)]
pub(crate) enum Definition {
    Schedule(Recurrence),
    Tumbling(Box<Tumbling>),
    /// When files come or go.
    Arrivals(Box<Arrivals>),
    /// It is kept only.
    Never,
}

impl Definition {
    /// Reads a trigger that was made at a moment.
    ///
    /// # Errors
    /// `SL4031`, naming the member.
    pub(crate) fn read(view: &Trigger<'_>, made: i64) -> Result<Self, Fault> {
        let inner = view.type_properties();
        let read = match view.kind() {
            TriggerKind::Stored(_) => Ok(Self::Never),
            TriggerKind::Arrivals => Arrivals::read(inner).map(|arrivals| Self::Arrivals(Box::new(arrivals))),
            TriggerKind::Schedule => Recurrence::read(inner, moment(made)).map(Self::Schedule),
            TriggerKind::Tumbling => Tumbling::read(inner).map(|mut tumbling| {
                // As fine as the database keeps it, or a window would not be found again.
                tumbling.windows.start = whole(tumbling.windows.start);
                Self::Tumbling(Box::new(tumbling))
            }),
        };
        read.map_err(|what| Fault::new(Code::TriggerInvalid, format!("the {}: {what}", view.kind().as_str())))
    }
}

fn whole(at: DateTime<Utc>) -> DateTime<Utc> {
    moment(at.timestamp_micros())
}
