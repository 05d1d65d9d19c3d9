//! A tumbling window trigger, read from its document.

use crate::dependency::Dependency;
use crate::fields::Fields;
use crate::local::moment;
use crate::read::one_of;
use crate::span::span;
use crate::window::{Unit, Window, Windows};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value};

const UNITS: [(&str, Unit); 3] = [("Minute", Unit::Minute), ("Hour", Unit::Hour), ("Month", Unit::Month)];

/// How often a window whose run failed is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How many times behind the first.
    pub count: i64,
    /// The pause before each.
    pub interval: TimeDelta,
}

/// A tumbling window trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tumbling {
    /// The windows.
    pub windows: Windows,
    /// How long behind its end a window is ready.
    pub delay: TimeDelta,
    /// How many windows run at the same time.
    pub concurrency: i64,
    /// What happens with one that failed.
    pub retry: Retry,
    /// What a window waits for.
    pub depends_on: Vec<Dependency>,
}

impl Tumbling {
    /// Reads the `typeProperties` of a tumbling window trigger.
    ///
    /// # Errors
    /// Which member is wrong, and why.
    pub fn read(type_properties: &Map<String, Value>) -> Result<Self, String> {
        let fields = Fields::new(type_properties, "typeProperties");
        let time = |name: &str| {
            let text = fields.text(name)?;
            text.map(|text| {
                moment(text, Tz::UTC).ok_or_else(|| fields.wrong(name, "is not a time such as 2024-05-31T18:30:00Z"))
            })
            .transpose()
        };
        let windows = Windows {
            unit: one_of(&fields, "frequency", &UNITS)?,
            interval: fields
                .number_in("interval", 1, 1_000_000)?
                .ok_or_else(|| fields.wrong("interval", "is missing"))?,
            start: time("startTime")?.ok_or_else(|| fields.wrong("startTime", "is missing"))?,
            end: time("endTime")?,
        };
        let delay = match fields.text("delay")? {
            None => TimeDelta::zero(),
            Some(text) => span(text)
                .filter(|delay| *delay >= TimeDelta::zero())
                .ok_or_else(|| fields.wrong("delay", "is not a time span such as 00:10:00"))?,
        };
        let empty = Map::new();
        let retry = Fields::new(
            fields.object("retryPolicy")?.unwrap_or(&empty),
            "typeProperties.retryPolicy",
        );
        let pause = retry.number_in("intervalInSeconds", 0, 86_400)?.unwrap_or(30);
        Ok(Self {
            delay,
            concurrency: fields.number_in("maxConcurrency", 1, 50)?.unwrap_or(50),
            retry: Retry {
                count: retry.number_in("count", 0, 1_000)?.unwrap_or(0),
                interval: TimeDelta::seconds(pause),
            },
            depends_on: Dependency::read_all(&fields, &windows)?,
            windows,
        })
    }

    /// When a window is ready to run; `None` when time ends before.
    pub fn ready(&self, window: Window) -> Option<DateTime<Utc>> {
        window.end.checked_add_signed(self.delay)
    }
}
