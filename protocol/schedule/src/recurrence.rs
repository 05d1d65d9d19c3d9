//! A schedule trigger's recurrence: what comes after a moment.

use crate::days::Days;
use crate::local::{from_utc, to_utc};
use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

/// How many hours, days, weeks or months are looked through for a time. Beyond them there is none: 29 February every so many
/// months, or a minute that an interval never meets.
const PATIENCE: i64 = 40_000;

/// The unit in which a schedule recurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frequency {
    /// Every so many minutes.
    Minute,
    /// Every so many hours.
    Hour,
    /// Every so many days.
    Day,
    /// Every so many weeks, which begin on Monday.
    Week,
    /// Every so many months.
    Month,
    /// Every so many years.
    Year,
}

/// A recurrence.
///
/// Minutes and hours pass evenly, whatever the clocks do. Days, weeks, months and years go by the clocks of the time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recurrence {
    pub(crate) frequency: Frequency,
    pub(crate) interval: i64,
    pub(crate) zone: Tz,
    pub(crate) start: DateTime<Utc>,
    pub(crate) end: Option<DateTime<Utc>>,
    pub(crate) minutes: Vec<i64>,
    pub(crate) hours: Vec<i64>,
    pub(crate) days: Days,
}

impl Recurrence {
    /// The first time behind a moment; `None` when there is none any more.
    pub fn after(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // One nanosecond before the start, the start itself comes next.
        let moment = moment.max(self.start.checked_sub_signed(TimeDelta::nanoseconds(1))?);
        let next = match self.frequency {
            Frequency::Minute => self.step(moment, TimeDelta::try_minutes(self.interval)?),
            Frequency::Hour if self.minutes.is_empty() => self.step(moment, TimeDelta::try_hours(self.interval)?),
            Frequency::Hour => self.within_hours(moment),
            _ => self.by_calendar(moment),
        }?;
        self.end.is_none_or(|end| next <= end).then_some(next)
    }

    /// Times from the start on, evenly; those that the schedule does not name are left out.
    fn step(&self, moment: DateTime<Utc>, step: TimeDelta) -> Option<DateTime<Utc>> {
        let mut count = self.steps_before(moment, step)? + 1;
        for _ in 0..PATIENCE {
            let next = self.start.checked_add_signed(times(step, count)?)?;
            let local = from_utc(self.zone, next);
            if !named(&self.hours, local.hour()) {
                // The rest of the hour is not wanted either.
                let left = TimeDelta::minutes(i64::from(60 - local.minute()));
                count += (left.num_seconds() / step.num_seconds()).max(1);
                continue;
            }
            if named(&self.minutes, local.minute()) {
                return Some(next);
            }
            count += 1;
        }
        None
    }

    /// The minutes of every so many hours.
    fn within_hours(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let step = TimeDelta::try_hours(self.interval)?;
        let local = from_utc(self.zone, self.start);
        let into = TimeDelta::minutes(i64::from(local.minute()))
            + TimeDelta::seconds(i64::from(local.second()))
            + TimeDelta::nanoseconds(i64::from(local.nanosecond()));
        let first = self.start.checked_sub_signed(into)?;
        let passed = moment.signed_duration_since(first);
        let begun = (passed.num_seconds() / step.num_seconds() - 1).max(0);
        for count in begun..begun + PATIENCE {
            let hour = first.checked_add_signed(times(step, count)?)?;
            for minute in &self.minutes {
                let next = hour.checked_add_signed(TimeDelta::try_minutes(*minute)?)?;
                if next > moment && next >= self.start && named(&self.hours, from_utc(self.zone, next).hour()) {
                    return Some(next);
                }
            }
        }
        None
    }

    /// Days, weeks and months of the zone's calendar, and the times of each day.
    fn by_calendar(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let anchor = from_utc(self.zone, self.start);
        let from = from_utc(self.zone, moment);
        // One before, since clocks that were set back show a later day's time already.
        let begun = (self.periods_before(anchor.date(), from.date()) - 1).max(0);
        let times = self.times_of_day(anchor.time());
        for count in begun..begun + PATIENCE {
            for date in self.dates(anchor.date(), count)? {
                let on_date = times.iter().map(|time| to_utc(self.zone, date.and_time(*time)));
                let mut on_date = on_date.collect::<Option<Vec<_>>>()?;
                // Where clocks are set forward, a time that is left out comes behind later ones.
                on_date.sort_unstable();
                let next = on_date.into_iter().find(|next| *next > moment && *next >= self.start);
                if next.is_some() {
                    return next;
                }
            }
        }
        None
    }

    /// How many whole steps from the start are not behind a moment; -1 for a moment before the start.
    fn steps_before(&self, moment: DateTime<Utc>, step: TimeDelta) -> Option<i64> {
        if moment < self.start {
            return Some(-1);
        }
        let passed = moment.signed_duration_since(self.start).num_seconds();
        (step.num_seconds() > 0).then(|| passed / step.num_seconds())
    }

    /// How many intervals of the calendar lie between two dates, rounded down.
    fn periods_before(&self, from: NaiveDate, to: NaiveDate) -> i64 {
        let months = |date: NaiveDate| i64::from(date.year()) * 12 + i64::from(date.month0());
        let count = match self.frequency {
            Frequency::Week => to.signed_duration_since(monday(from)).num_days() / 7,
            Frequency::Month => months(to) - months(from),
            Frequency::Year => i64::from(to.year()) - i64::from(from.year()),
            _ => to.signed_duration_since(from).num_days(),
        };
        count / self.interval
    }

    /// The dates of one interval; `None` where the calendar ends.
    fn dates(&self, anchor: NaiveDate, count: i64) -> Option<Vec<NaiveDate>> {
        let passed = count.checked_mul(self.interval)?;
        let days = |days: i64| u64::try_from(days).ok().map(chrono::Days::new);
        let months = |months: i64| u32::try_from(months).ok().map(Months::new);
        Some(match self.frequency {
            Frequency::Week => {
                let week = monday(anchor).checked_add_days(days(passed.checked_mul(7)?)?)?;
                self.days.of_week(week, anchor.weekday())
            }
            Frequency::Month => {
                let month = anchor.with_day(1)?.checked_add_months(months(passed)?)?;
                self.days.of_month(month, anchor.day())
            }
            Frequency::Year => {
                let months = months(passed.checked_mul(12)?)?;
                vec![anchor.checked_add_months(months)?]
            }
            _ => vec![anchor.checked_add_days(days(passed)?)?],
        })
    }

    /// The times of a day, in order. Minutes alone are those of every hour; hours alone have the start's minute.
    fn times_of_day(&self, start: NaiveTime) -> Vec<NaiveTime> {
        if self.minutes.is_empty() && self.hours.is_empty() {
            return vec![start];
        }
        let every = || (0..24).collect::<Vec<i64>>();
        let hours = if self.hours.is_empty() {
            every()
        } else {
            self.hours.clone()
        };
        let times = hours.iter().flat_map(|hour| {
            let minutes = if self.minutes.is_empty() {
                vec![i64::from(start.minute())]
            } else {
                self.minutes.clone()
            };
            // With the minute comes the start's second.
            let second = if self.minutes.is_empty() { start.second() } else { 0 };
            minutes.into_iter().filter_map(move |minute| {
                NaiveTime::from_hms_opt(u32::try_from(*hour).ok()?, u32::try_from(minute).ok()?, second)
            })
        });
        times.collect()
    }
}

fn named(list: &[i64], number: u32) -> bool {
    list.is_empty() || list.contains(&i64::from(number))
}

fn times(step: TimeDelta, count: i64) -> Option<TimeDelta> {
    TimeDelta::try_seconds(step.num_seconds().checked_mul(count)?)
}

/// The Monday of a date's week.
fn monday(date: NaiveDate) -> NaiveDate {
    let behind = u64::from(date.weekday().num_days_from_monday());
    date.checked_sub_days(chrono::Days::new(behind)).unwrap_or(date)
}
