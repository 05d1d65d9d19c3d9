//! On which days of a week or a month a schedule fires.

use chrono::{Datelike, Months, NaiveDate, Weekday};

/// The days of a schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Days {
    /// Days of the week.
    pub(crate) week: Vec<Weekday>,
    /// Days of the month; -1 is the last.
    pub(crate) month: Vec<i64>,
    /// Weekdays of the month: which of them, or all; -1 is the last.
    pub(crate) occurrences: Vec<(Weekday, Option<i64>)>,
}

impl Days {
    /// The days of the week that begins on a Monday, or else the weekday of the start.
    pub(crate) fn of_week(&self, monday: NaiveDate, start: Weekday) -> Vec<NaiveDate> {
        let wanted = |day: Weekday| match self.week.is_empty() {
            true => day == start,
            false => self.week.contains(&day),
        };
        let days = (0..7).filter_map(|n| monday.checked_add_days(chrono::Days::new(n)));
        days.filter(|date| wanted(date.weekday())).collect()
    }

    /// The days of the month that begins on a date, in order; or else the start's day, at the latest the month's last.
    pub(crate) fn of_month(&self, first: NaiveDate, start: u32) -> Vec<NaiveDate> {
        let last = first
            .checked_add_months(Months::new(1))
            .and_then(|next| next.pred_opt())
            .map_or(28, |date| date.day());
        let mut days: Vec<u32> = Vec::new();
        if self.month.is_empty() && self.occurrences.is_empty() {
            days.push(start.min(last));
        }
        days.extend(self.month.iter().filter_map(|day| counted(*day, last)));
        for (weekday, which) in &self.occurrences {
            let all: Vec<u32> = (1..=last)
                .filter(|day| first.with_day(*day).is_some_and(|date| date.weekday() == *weekday))
                .collect();
            match which {
                None => days.extend(all),
                Some(which) => {
                    let place = counted(*which, u32::try_from(all.len()).unwrap_or(0));
                    days.extend(place.and_then(|place| all.get(place as usize - 1)));
                }
            }
        }
        days.sort_unstable();
        days.dedup();
        days.into_iter().filter_map(|day| first.with_day(day)).collect()
    }
}

/// A place counted from 1, or from the end by a negative number; `None` when there is none.
fn counted(place: i64, count: u32) -> Option<u32> {
    let count = i64::from(count);
    let place = if place < 0 { count + 1 + place } else { place };
    (1..=count)
        .contains(&place)
        .then(|| u32::try_from(place).ok())
        .flatten()
}
