//! Dates and times: days since 1970 and ticks of 100 ns, as SQL Server counts them, in other epochs and units.

use arrow::datatypes::TimeUnit;
use tiberius::time::{Date, DateTime, DateTime2, DateTimeOffset, SmallDateTime, Time};

/// Days from 0001-01-01 to 1970-01-01.
const TO_1970: i64 = 719_162;
/// Days from 1900-01-01 to 1970-01-01.
const FROM_1900: i64 = 25_567;
/// Days of 9999-12-31, counted from 1970.
const LAST_DAY: i64 = 2_932_896;
/// Ticks in a second, and in a day.
const SECOND: i128 = 10_000_000;
const DAY: i128 = 86_400 * SECOND;

/// Ticks of 100 ns in a unit; none for nanoseconds, which are finer.
fn ticks_of(unit: TimeUnit) -> Option<i128> {
    match unit {
        TimeUnit::Second => Some(SECOND),
        TimeUnit::Millisecond => Some(10_000),
        TimeUnit::Microsecond => Some(10),
        TimeUnit::Nanosecond => None,
    }
}

/// Ticks as a count of a unit.
///
/// # Errors
/// When the unit is too coarse, or 64 bits do not hold it.
pub(crate) fn in_unit(ticks: i128, unit: TimeUnit) -> Result<i64, String> {
    let count = match ticks_of(unit) {
        Some(step) if ticks % step == 0 => ticks / step,
        Some(_) => return Err("has more digits behind the second than its column".to_owned()),
        None => ticks * 100,
    };
    i64::try_from(count).map_err(|_| {
        "is outside of what 64-bit nanoseconds hold (1677-09-21 to 2262-04-11): cast it to datetime2(6) in a query"
            .to_owned()
    })
}

/// A count of a unit as ticks.
///
/// # Errors
/// When it is finer than 100 ns.
pub(crate) fn ticks(count: i64, unit: TimeUnit) -> Result<i128, String> {
    let count = i128::from(count);
    match ticks_of(unit) {
        Some(step) => Ok(count * step),
        None if count % 100 == 0 => Ok(count / 100),
        None => Err("is finer than the 100 ns that SQL Server counts in".to_owned()),
    }
}

/// Ticks since 1970 of a `datetime2`.
pub(crate) fn of_datetime2(value: DateTime2) -> i128 {
    i128::from(i64::from(value.date().days()) - TO_1970) * DAY + of_time(value.time())
}

/// Ticks since midnight.
pub(crate) fn of_time(value: Time) -> i128 {
    i128::from(value.increments()) * 10_i128.pow(7 - u32::from(value.scale().min(7)))
}

/// Ticks since 1970, UTC, of a `datetimeoffset`: on the wire it is in UTC already.
pub(crate) fn of_offset(value: DateTimeOffset) -> i128 {
    of_datetime2(value.datetime2())
}

/// Milliseconds since 1970 of a `datetime`, as SQL Server prints it.
pub(crate) fn of_datetime(value: DateTime) -> i64 {
    (i64::from(value.days()) - FROM_1900) * 86_400_000 + (i64::from(value.seconds_fragments()) * 10 + 1) / 3
}

/// Seconds since 1970 of a `smalldatetime`; its driver calls the minutes fragments.
pub(crate) fn of_smalldatetime(value: SmallDateTime) -> i64 {
    (i64::from(value.days()) - FROM_1900) * 86_400 + i64::from(value.seconds_fragments()) * 60
}

/// Days since 1970 of a `date`.
pub(crate) fn of_date(value: Date) -> i32 {
    // Three bytes of days always fit.
    i32::try_from(i64::from(value.days()) - TO_1970).unwrap_or(i32::MAX)
}

/// A `date` of days since 1970.
///
/// # Errors
/// Outside of the years 1 to 9999.
pub(crate) fn date(days: i64) -> Result<Date, String> {
    if !(-TO_1970..=LAST_DAY).contains(&days) {
        return Err("is outside of the years 1 to 9999".to_owned());
    }
    // Below 2^24 by the check above.
    Ok(Date::new(u32::try_from(days + TO_1970).unwrap_or_default()))
}

/// A `time(7)` of ticks since midnight, which have to be whole steps.
///
/// # Errors
/// Outside of a day, or with more digits than the column.
pub(crate) fn time(ticks: i128, step: u64) -> Result<Time, String> {
    if !(0..DAY).contains(&ticks) {
        return Err("is no time of a day".to_owned());
    }
    whole(ticks, step)?;
    Ok(Time::new(u64::try_from(ticks).unwrap_or_default(), 7))
}

/// A `datetime2(7)` of ticks since 1970, which have to be whole steps.
///
/// # Errors
/// Outside of the years 1 to 9999, or with more digits than the column.
pub(crate) fn datetime2(ticks: i128, step: u64) -> Result<DateTime2, String> {
    whole(ticks, step)?;
    let days = i64::try_from(ticks.div_euclid(DAY)).unwrap_or(i64::MAX);
    Ok(DateTime2::new(date(days)?, time(ticks.rem_euclid(DAY), 1)?))
}

/// A `datetime` of ticks since 1970: the 1/300 s whose printed form this is.
///
/// # Errors
/// Before 1753, or between two of them.
pub(crate) fn datetime(ticks: i128) -> Result<DateTime, String> {
    let days = i64::try_from(ticks.div_euclid(DAY)).unwrap_or(i64::MAX);
    date(days)?;
    if days < -79_258 {
        return Err("is before 1753, where datetime begins".to_owned());
    }
    let millis = ticks.rem_euclid(DAY) / 10_000;
    let fragments = (millis * 3 + 5) / 10;
    let value = DateTime::new(
        i32::try_from(days + FROM_1900).unwrap_or(i32::MAX),
        u32::try_from(fragments).unwrap_or(u32::MAX),
    );
    match i128::from(of_datetime(value)) * 10_000 == ticks {
        true => Ok(value),
        false => Err("is between two of datetime's 1/300 s, which end in .000, .003 or .007".to_owned()),
    }
}

/// A `smalldatetime`, in the form of a `datetime`: whole minutes from 1900 to 2079-06-06.
///
/// # Errors
/// For anything else.
pub(crate) fn smalldatetime(ticks: i128) -> Result<DateTime, String> {
    let value = datetime(ticks)?;
    if value.days() < 0 || value.days() > i32::from(u16::MAX) {
        return Err("is outside of smalldatetime's 1900 to 2079".to_owned());
    }
    match ticks % (60 * SECOND) {
        0 => Ok(value),
        _ => Err("has seconds, which smalldatetime has not".to_owned()),
    }
}

fn whole(ticks: i128, step: u64) -> Result<(), String> {
    match ticks % i128::from(step.max(1)) {
        0 => Ok(()),
        _ => Err("has more digits behind the second than its column".to_owned()),
    }
}

/// Ticks of the last digit that a column with so many digits keeps.
pub(crate) fn step(digits: u8) -> u64 {
    10_u64.pow(7 - u32::from(digits.min(7)))
}
