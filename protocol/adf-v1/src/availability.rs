//! When the slices of a dataset are.

use crate::function::{Window, moment_of};
use chrono::{Datelike, Duration, Months, NaiveDate, NaiveDateTime, NaiveTime};
use serde_json::Value;
use sluice_contract::Object;
use sluice_contract::document::{member, text};

/// How long a slice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// A fixed time, in seconds.
    Seconds(i64),
    Months(u32),
}

/// `availability` of a dataset, or `scheduler` of an activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Availability {
    step: Step,
    /// Where the slices begin: a boundary of them, early in time.
    origin: NaiveDateTime,
    /// Whether a slice is made when it begins, not when it ends.
    pub(crate) at_start: bool,
}

impl Availability {
    /// Reads `{"frequency": "Hour", "interval": 1, "offset": .., "anchorDateTime": .., "style": ..}`.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn read(object: &Object) -> Result<Self, String> {
        let frequency = text(object, "frequency").ok_or("it has no `frequency`")?;
        let interval = match member(object, "interval") {
            None | Some(Value::Null) => 1,
            Some(value) => {
                let number = value.as_i64().or_else(|| value.as_str()?.trim().parse().ok());
                number
                    .filter(|number| (1..=100_000).contains(number))
                    .ok_or("its `interval` is no number from 1 on")?
            }
        };
        let seconds = |unit: i64| Ok::<_, String>(Step::Seconds(unit * interval));
        let step = match frequency.trim().to_ascii_lowercase().as_str() {
            "minute" => seconds(60),
            "hour" => seconds(3_600),
            "day" => seconds(86_400),
            "week" => seconds(7 * 86_400),
            "month" => u32::try_from(interval)
                .map(Step::Months)
                .map_err(|_| "its `interval` is too large".to_owned()),
            _ => Err(format!(
                "{frequency:?} is no frequency: there are Minute, Hour, Day, Week and Month"
            )),
        }?;
        // The first of January of the year 1, a Monday.
        let begin = NaiveDate::from_ymd_opt(1, 1, 1)
            .map(|date| date.and_time(NaiveTime::MIN))
            .ok_or("no calendar")?;
        let anchor = text(object, "anchorDateTime")
            .map(moment_of)
            .transpose()?
            .unwrap_or(begin);
        let offset = text(object, "offset")
            .map(span)
            .transpose()?
            .unwrap_or_else(Duration::zero);
        let style = text(object, "style").unwrap_or("EndOfInterval");
        if !["StartOfInterval", "EndOfInterval"]
            .iter()
            .any(|word| style.eq_ignore_ascii_case(word))
        {
            return Err(format!(
                "{style:?} is no style: there are StartOfInterval and EndOfInterval"
            ));
        }
        let origin = anchor.checked_add_signed(offset).ok_or("its offset is too large")?;
        Ok(Self {
            step,
            origin,
            at_start: style.eq_ignore_ascii_case("StartOfInterval"),
        })
    }

    /// The boundary at or before a moment.
    pub(crate) fn floor(&self, moment: NaiveDateTime) -> NaiveDateTime {
        match self.step {
            Step::Seconds(step) => {
                moment - Duration::milliseconds((moment - self.origin).num_milliseconds().rem_euclid(step * 1_000))
            }
            Step::Months(step) => {
                let month = |date: NaiveDateTime| i64::from(date.year()) * 12 + i64::from(date.month0());
                let whole = (month(moment) - month(self.origin)).div_euclid(step.into()) * i64::from(step);
                let found = self.plus_months(whole);
                if found > moment {
                    self.plus_months(whole - i64::from(step))
                } else {
                    found
                }
            }
        }
    }

    /// The next boundary behind one.
    pub(crate) fn next(&self, boundary: NaiveDateTime) -> NaiveDateTime {
        match self.step {
            Step::Seconds(step) => boundary
                .checked_add_signed(Duration::seconds(step))
                .unwrap_or(NaiveDateTime::MAX),
            Step::Months(step) => boundary
                .checked_add_months(Months::new(step))
                .unwrap_or(NaiveDateTime::MAX),
        }
    }

    fn plus_months(&self, months: i64) -> NaiveDateTime {
        let count = Months::new(u32::try_from(months.unsigned_abs()).unwrap_or(u32::MAX));
        let found = if months < 0 {
            self.origin.checked_sub_months(count)
        } else {
            self.origin.checked_add_months(count)
        };
        found.unwrap_or(self.origin)
    }

    /// Whether the slices of the other one are the same windows.
    pub(crate) fn same_windows(&self, other: &Self) -> bool {
        // Two grids of one step are the same when one boundary is.
        self.step == other.step && other.floor(self.floor(MIDDLE)) == self.floor(MIDDLE)
    }

    /// The slices within a time, the first ones up to a limit: those that begin in it.
    pub fn slices(&self, from: NaiveDateTime, to: NaiveDateTime, limit: usize) -> Vec<Window> {
        let mut start = self.floor(from);
        if start < from {
            start = self.next(start);
        }
        let mut slices = Vec::new();
        while start < to && slices.len() < limit {
            let end = self.next(start);
            slices.push(Window { start, end });
            start = end;
        }
        slices
    }

    /// Frequency and interval of a tumbling window trigger.
    pub(crate) fn of_trigger(&self) -> Result<(&'static str, i64), String> {
        match self.step {
            Step::Months(step) => Ok(("Month", step.into())),
            Step::Seconds(step) if step % 3_600 == 0 => Ok(("Hour", step / 3_600)),
            Step::Seconds(step) if step >= 300 => Ok(("Minute", step / 60)),
            Step::Seconds(_) => Err("windows are five minutes long at least".to_owned()),
        }
    }
}

/// Some moment, to compare grids at.
const MIDDLE: NaiveDateTime = match NaiveDate::from_ymd_opt(2016, 2, 29) {
    Some(date) => date.and_time(NaiveTime::MIN),
    None => NaiveDateTime::MIN,
};

/// When a pipeline is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Its `start`.
    pub start: NaiveDateTime,
    /// Its `end`; none when it goes on for ever.
    pub end: Option<NaiveDateTime>,
}

impl Period {
    /// Reads `start` and `end` of a pipeline; none where there is no `start`. Without an `end` it is 48 hours.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn read(properties: &Object) -> Result<Option<Self>, String> {
        let read = |name: &str| {
            let found = text(properties, name).map(str::trim).filter(|text| !text.is_empty());
            found
                .map(moment_of)
                .transpose()
                .map_err(|cause| format!("`{name}`: {cause}"))
        };
        let Some(start) = read("start")? else {
            return match read("end")? {
                None => Ok(None),
                Some(_) => Err("it has an `end` and no `start`".to_owned()),
            };
        };
        let end = read("end")?.unwrap_or(start + Duration::hours(48));
        if end < start {
            return Err("its `end` is before its `start`".to_owned());
        }
        Ok(Some(Self {
            start,
            // 9999-09-09 was the way to say for ever.
            end: Some(end).filter(|end| end.year() < 9_000),
        }))
    }
}

/// .NET's time span `[-][d.]hh:mm[:ss]`.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no time span");
    let (negative, rest) = match text.trim().strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.trim()),
    };
    let (days, clock) = match rest.split_once('.') {
        Some((days, clock)) if clock.contains(':') => (days, clock),
        _ if !rest.contains(':') => (rest, "00:00"),
        _ => ("0", rest),
    };
    let number = |text: &str| text.parse::<u32>().map(i64::from).map_err(|_| wrong());
    let parts: Vec<&str> = clock.split(':').collect();
    let (hours, minutes, seconds) = match parts.as_slice() {
        [hours, minutes] => (number(hours)?, number(minutes)?, 0),
        [hours, minutes, seconds] => (
            number(hours)?,
            number(minutes)?,
            number(seconds.split('.').next().unwrap_or_default())?,
        ),
        _ => return Err(wrong()),
    };
    let all = number(days)? * 86_400 + hours * 3_600 + minutes * 60 + seconds;
    Ok(Duration::seconds(if negative { -all } else { all }))
}
