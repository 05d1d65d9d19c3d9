//! Days on which clocks are changed.

use super::next;
use serde_json::json;

#[test]
fn a_daily_time_keeps_its_place_on_the_clock() {
    // Berlin sets its clocks forward on 31 March 2024 at 02:00 and back on 27 October at 03:00.
    for zone in ["W. Europe Standard Time", "Europe/Berlin"] {
        let daily = json!({ "frequency": "Day", "startTime": "2024-01-01T08:00:00", "timeZone": zone });
        let expected = ["2024-03-30T07:00:00", "2024-03-31T06:00:00"];
        assert_eq!(next(daily, "2024-03-29T12:00:00Z", 2), expected, "{zone}");
    }
}

#[test]
fn a_time_that_is_left_out_comes_later_that_day() {
    let daily = json!({ "frequency": "Day", "startTime": "2024-01-01T02:30:00", "timeZone": "Europe/Berlin" });
    // 02:30 is 01:30 of UTC as long as it is winter; on the 31st the clocks show 03:30 then.
    let expected = ["2024-03-30T01:30:00", "2024-03-31T01:30:00", "2024-04-01T00:30:00"];
    assert_eq!(next(daily, "2024-03-29T12:00:00Z", 3), expected);
    // Next to a time that comes before it now: both come, in order.
    let two = json!({ "frequency": "Day", "startTime": "2024-01-01T00:00:00", "timeZone": "Europe/Berlin",
        "schedule": { "hours": [2, 3], "minutes": [15, 30] } });
    let expected = ["2024-03-31T01:15:00", "2024-03-31T01:30:00", "2024-04-01T00:15:00"];
    assert_eq!(
        next(two, "2024-03-31T00:00:00Z", 3),
        expected,
        "02:15 and 03:15 fall together, and so do the half hours"
    );
}

#[test]
fn a_time_that_comes_twice_fires_once() {
    let daily = json!({ "frequency": "Day", "startTime": "2024-01-01T02:30:00", "timeZone": "Europe/Berlin" });
    let expected = ["2024-10-26T00:30:00", "2024-10-27T00:30:00", "2024-10-28T01:30:00"];
    assert_eq!(next(daily, "2024-10-25T12:00:00Z", 3), expected);
}

#[test]
fn hours_and_minutes_pass_evenly() {
    let hourly =
        json!({ "frequency": "Hour", "interval": 1, "startTime": "2024-01-01T00:00:00", "timeZone": "Europe/Berlin" });
    let expected = ["2024-03-31T00:00:00", "2024-03-31T01:00:00", "2024-03-31T02:00:00"];
    assert_eq!(next(hourly, "2024-03-30T23:00:00Z", 3), expected);
    let at_hours = json!({ "frequency": "Hour", "interval": 1, "startTime": "2024-01-01T00:00:00", "timeZone": "Europe/Berlin",
        "schedule": { "minutes": [30] } });
    let expected = ["2024-10-27T00:30:00", "2024-10-27T01:30:00", "2024-10-27T02:30:00"];
    assert_eq!(next(at_hours, "2024-10-27T00:00:00Z", 3), expected);
}

#[test]
fn an_offset_in_the_start_is_a_moment_and_days_follow_the_zone() {
    let daily =
        json!({ "frequency": "Day", "startTime": "2017-11-01T09:00:00-08:00", "timeZone": "Eastern Standard Time" });
    // 13:00 in New York, before and after its clocks are set back on 5 November.
    let expected = ["2017-11-04T17:00:00", "2017-11-05T18:00:00"];
    assert_eq!(next(daily, "2017-11-04T00:00:00Z", 2), expected);
}

#[test]
fn a_day_that_a_zone_leaves_out() {
    // Samoa had no 30 December 2011.
    let daily = json!({ "frequency": "Day", "startTime": "2011-12-28T10:00:00", "timeZone": "Pacific/Apia" });
    let found = next(daily, "2011-12-28T21:00:00Z", 3);
    assert_eq!(
        found,
        ["2011-12-29T20:00:00", "2011-12-30T20:00:00", "2011-12-31T20:00:00"]
    );
}
