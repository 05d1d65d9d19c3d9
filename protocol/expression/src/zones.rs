//! Moments in time zones.

use crate::moment::Moment;
use chrono::{LocalResult, Offset, TimeZone};
use chrono_tz::Tz;
use sluice_dotnet::zones::find;

/// A moment of UTC as a time zone's clocks show it.
pub(crate) fn from_utc(moment: Moment, zone: &str) -> Result<Moment, String> {
    let zone = find(zone)?;
    let local = zone.from_utc_datetime(&moment.time);
    let offset = local.offset().fix().local_minus_utc();
    Ok(Moment {
        time: local.naive_local(),
        // UTC itself keeps its Z.
        utc: zone == Tz::UTC && offset == 0,
    })
}

/// What a time zone's clocks show as a moment of UTC, whatever offset the text said.
pub(crate) fn to_utc(moment: Moment, zone: &str) -> Result<Moment, String> {
    let name = zone;
    let zone = find(zone)?;
    let utc = match zone.from_local_datetime(&moment.time) {
        LocalResult::Single(local) => local,
        // When clocks were set back an hour comes twice: standard time is meant, the later one.
        LocalResult::Ambiguous(earlier, later) => earlier.max(later),
        LocalResult::None => {
            return Err(format!(
                "{} does not exist in {name}: the clocks were set forward",
                moment.time
            ));
        }
    };
    Ok(Moment {
        time: utc.naive_utc(),
        utc: true,
    })
}
