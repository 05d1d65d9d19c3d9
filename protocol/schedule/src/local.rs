//! Between the clocks of a time zone and UTC.

use chrono::{DateTime, LocalResult, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// The moment at which a zone's clocks show a time.
///
/// A time that is left out when clocks are set forward is taken as if they had not been: it comes as much after the change as
/// it is behind the last time before it, so that what is due once a day happens once that day as well. Of a time that comes
/// twice the first is meant.
pub(crate) fn to_utc(zone: Tz, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(moment) => Some(moment.to_utc()),
        LocalResult::Ambiguous(one, other) => Some(one.min(other).to_utc()),
        LocalResult::None => {
            // The offset from before the change; no zone skips more than a day.
            let before = local.checked_sub_signed(TimeDelta::hours(26))?;
            let offset = match zone.from_local_datetime(&before) {
                LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => {
                    before.signed_duration_since(moment.naive_utc())
                }
                LocalResult::None => return None,
            };
            Some(local.checked_sub_signed(offset)?.and_utc())
        }
    }
}

/// What a zone's clocks show at a moment.
pub(crate) fn from_utc(zone: Tz, moment: DateTime<Utc>) -> NaiveDateTime {
    moment.with_timezone(&zone).naive_local()
}

/// Reads a time of a document: with an offset or `Z` it is a moment, without one it is what the zone's clocks show.
pub(crate) fn moment(text: &str, zone: Tz) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.to_utc());
    }
    let local = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .or_else(|| {
            let date = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            Some(date.and_time(NaiveTime::MIN))
        })
        .or_else(|| {
            // `2024-01-01T00:00Z`, without seconds.
            let short = text.strip_suffix(['Z', 'z'])?;
            let local = NaiveDateTime::parse_from_str(short, "%Y-%m-%dT%H:%M").ok()?;
            Some(from_utc(zone, local.and_utc()))
        })?;
    to_utc(zone, local)
}
