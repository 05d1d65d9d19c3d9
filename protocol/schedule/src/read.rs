//! Reading a schedule trigger's recurrence from its document.

use crate::days::Days;
use crate::fields::Fields;
use crate::local::moment;
use crate::recurrence::{Frequency, Recurrence};
use chrono::{DateTime, Utc, Weekday};
use serde_json::{Map, Value};
use sluice_dotnet::zones;

const FREQUENCIES: [(&str, Frequency); 6] = [
    ("Minute", Frequency::Minute),
    ("Hour", Frequency::Hour),
    ("Day", Frequency::Day),
    ("Week", Frequency::Week),
    ("Month", Frequency::Month),
    ("Year", Frequency::Year),
];

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("Monday", Weekday::Mon),
    ("Tuesday", Weekday::Tue),
    ("Wednesday", Weekday::Wed),
    ("Thursday", Weekday::Thu),
    ("Friday", Weekday::Fri),
    ("Saturday", Weekday::Sat),
    ("Sunday", Weekday::Sun),
];

impl Recurrence {
    /// Reads the `typeProperties` of a schedule trigger. Without a `startTime` it counts from when the trigger was made.
    ///
    /// # Errors
    /// Which member is wrong, and why.
    pub fn read(type_properties: &Map<String, Value>, made: DateTime<Utc>) -> Result<Self, String> {
        let outer = Fields::new(type_properties, "typeProperties");
        let recurrence = outer
            .object("recurrence")?
            .ok_or_else(|| outer.wrong("recurrence", "is missing"))?;
        let fields = Fields::new(recurrence, "recurrence");
        let frequency = one_of(&fields, "frequency", &FREQUENCIES)?;
        let zone = fields.text("timeZone")?.unwrap_or("UTC");
        let zone = zones::find(zone).map_err(fields.within("timeZone"))?;
        let time = |name: &str| {
            let text = fields.text(name)?;
            text.map(|text| {
                moment(text, zone).ok_or_else(|| fields.wrong(name, "is not a time such as 2024-05-31T18:30:00Z"))
            })
            .transpose()
        };
        let start = time("startTime")?.unwrap_or(made);
        let end = time("endTime")?;
        if end.is_some_and(|end| end < start) {
            return Err(fields.wrong("endTime", "is before the startTime"));
        }
        let empty = Map::new();
        let schedule = Fields::new(fields.object("schedule")?.unwrap_or(&empty), "recurrence.schedule");
        let days = Days {
            week: weekdays(&schedule)?,
            month: schedule.numbers("monthDays", -31, 31)?,
            occurrences: occurrences(&schedule)?,
        };
        if days.month.contains(&0) {
            return Err(schedule.wrong("monthDays", "holds 0; days count from 1, or from -1 at the end"));
        }
        let only = |name: &str, with: Frequency, there: bool| match there && frequency != with {
            true => Err(schedule.wrong(name, &format!("goes with the frequency {with:?} only"))),
            false => Ok(()),
        };
        only("weekDays", Frequency::Week, !days.week.is_empty())?;
        only("monthDays", Frequency::Month, !days.month.is_empty())?;
        only("monthlyOccurrences", Frequency::Month, !days.occurrences.is_empty())?;
        Ok(Self {
            frequency,
            interval: fields.number_in("interval", 1, 1_000_000)?.unwrap_or(1),
            zone,
            start,
            end,
            minutes: schedule.numbers("minutes", 0, 59)?,
            hours: schedule.numbers("hours", 0, 23)?,
            days,
        })
    }
}

/// A word of a list, in any case.
pub(crate) fn one_of<T: Copy>(fields: &Fields<'_>, name: &str, words: &[(&str, T)]) -> Result<T, String> {
    let text = fields.text(name)?.ok_or_else(|| fields.wrong(name, "is missing"))?;
    let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        fields.wrong(name, &format!("is {text:?}, which is none of {}", known.join(", ")))
    })
}

fn weekday(value: &Value) -> Option<Weekday> {
    let text = value.as_str()?;
    let found = WEEKDAYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    found.map(|(_, day)| *day)
}

fn weekdays(schedule: &Fields<'_>) -> Result<Vec<Weekday>, String> {
    let days = schedule.items("weekDays").iter();
    days.map(|day| weekday(day).ok_or_else(|| schedule.wrong("weekDays", "holds something that is not a weekday")))
        .collect()
}

fn occurrences(schedule: &Fields<'_>) -> Result<Vec<(Weekday, Option<i64>)>, String> {
    let mut found = Vec::new();
    for item in schedule.items("monthlyOccurrences") {
        let object = item
            .as_object()
            .ok_or_else(|| schedule.wrong("monthlyOccurrences", "holds something that is not an object"))?;
        let fields = Fields::new(object, "recurrence.schedule.monthlyOccurrences");
        let day = fields.get("day").and_then(weekday);
        let day = day.ok_or_else(|| fields.wrong("day", "is not a weekday"))?;
        let which = fields.number_in("occurrence", -5, 5)?;
        if which == Some(0) {
            return Err(fields.wrong("occurrence", "is 0; occurrences count from 1, or from -1 at the end"));
        }
        found.push((day, which));
    }
    Ok(found)
}
