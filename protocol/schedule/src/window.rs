//! Tumbling windows: of one size, one behind the other, without gaps.

use chrono::{DateTime, Datelike, Months, TimeDelta, Utc};
use std::ops::Range;

/// The unit of a window's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Months of the calendar, in UTC.
    Month,
}

/// All windows of a trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// The unit of their size.
    pub unit: Unit,
    /// How many of the unit.
    pub interval: i64,
    /// Where the first begins.
    pub start: DateTime<Utc>,
    /// No window ends behind it.
    pub end: Option<DateTime<Utc>>,
}

/// One window: from its start up to and without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its number, from 0.
    pub number: i64,
    /// Its first moment.
    pub start: DateTime<Utc>,
    /// The first moment behind it.
    pub end: DateTime<Utc>,
}

impl Windows {
    /// The window of a number; `None` when there is none.
    pub fn window(&self, number: i64) -> Option<Window> {
        let window = Window {
            number,
            start: self.edge(number)?,
            end: self.edge(number.checked_add(1)?)?,
        };
        self.end.is_none_or(|end| window.end <= end).then_some(window)
    }

    /// The number of the window that a moment lies in, whether it is before the end or not; `None` before the start.
    pub fn number_at(&self, moment: DateTime<Utc>) -> Option<i64> {
        if moment < self.start {
            return None;
        }
        match self.step() {
            Some(step) => {
                let passed = moment.signed_duration_since(self.start);
                Some(passed.num_seconds() / step.num_seconds())
            }
            None => {
                let months = |time: DateTime<Utc>| i64::from(time.year()) * 12 + i64::from(time.month0());
                let near = (months(moment) - months(self.start)) / self.interval;
                // A month begins at the start's day and time, so it may be the one before.
                let begun = |number: &i64| self.edge(*number).is_some_and(|edge| edge <= moment);
                [near + 1, near, near - 1].into_iter().find(begun)
            }
        }
    }

    /// The numbers of the windows that share a moment with a span of time.
    pub fn overlapping(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Range<i64> {
        let last = to.checked_sub_signed(TimeDelta::nanoseconds(1));
        if from >= to {
            return 0..0;
        }
        let Some(last) = last.and_then(|last| self.number_at(last)) else {
            return 0..0;
        };
        let first = self.number_at(from).unwrap_or(0);
        first
            ..last
                .min(self.last().unwrap_or(i64::MAX - 1))
                .saturating_add(1)
                .max(first)
    }

    /// The number of the last window; -1 when there is not even one, `None` when they never end.
    pub fn last(&self) -> Option<i64> {
        let end = self.end?;
        let number = self.number_at(end).unwrap_or(-1);
        // The window that the end lies in ends behind it.
        Some((number - 1).max(-1))
    }

    /// The size of a window of minutes or hours.
    fn step(&self) -> Option<TimeDelta> {
        match self.unit {
            Unit::Minute => TimeDelta::try_minutes(self.interval),
            Unit::Hour => TimeDelta::try_hours(self.interval),
            Unit::Month => None,
        }
    }

    /// Where the window of a number begins.
    fn edge(&self, number: i64) -> Option<DateTime<Utc>> {
        if number < 0 {
            return None;
        }
        match self.step() {
            Some(step) => {
                let passed = TimeDelta::try_seconds(step.num_seconds().checked_mul(number)?)?;
                self.start.checked_add_signed(passed)
            }
            None => {
                let months = u32::try_from(number.checked_mul(self.interval)?).ok()?;
                self.start.checked_add_months(Months::new(months))
            }
        }
    }
}
