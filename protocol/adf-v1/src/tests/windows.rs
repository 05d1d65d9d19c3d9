//! Slices and active periods.

use super::functions::moment;
use crate::{Availability, Period};
use serde_json::json;

fn availability(value: serde_json::Value) -> Result<Availability, String> {
    Availability::read(value.as_object().unwrap())
}

#[test]
fn slices_lie_on_the_calendar() {
    let first = |value, from: &str| {
        let slices = availability(value)
            .unwrap()
            .slices(moment(from), moment("2020-01-01T00:00:00"), 2);
        let shown = |slice: &crate::Window| {
            format!(
                "{} {}",
                slice.start.format("%m-%dT%H:%M"),
                slice.end.format("%m-%dT%H:%M")
            )
        };
        slices.iter().map(shown).collect::<Vec<_>>().join(", ")
    };
    let from = "2016-02-28T10:20:00";
    assert_eq!(
        first(json!({ "frequency": "Hour", "interval": 1 }), from),
        "02-28T11:00 02-28T12:00, 02-28T12:00 02-28T13:00"
    );
    assert_eq!(
        first(json!({ "frequency": "minute", "interval": 15 }), from),
        "02-28T10:30 02-28T10:45, 02-28T10:45 02-28T11:00"
    );
    assert_eq!(
        first(
            json!({ "frequency": "Day", "interval": "1", "offset": "06:00:00" }),
            from
        ),
        "02-29T06:00 03-01T06:00, 03-01T06:00 03-02T06:00"
    );
    // Weeks begin on Mondays: the first day of the year 1 was one.
    assert_eq!(
        first(json!({ "frequency": "Week", "interval": 1 }), from),
        "02-29T00:00 03-07T00:00, 03-07T00:00 03-14T00:00"
    );
    assert_eq!(
        first(json!({ "frequency": "Month", "interval": 1 }), from),
        "03-01T00:00 04-01T00:00, 04-01T00:00 05-01T00:00"
    );
    assert_eq!(
        first(
            json!({ "frequency": "Month", "interval": 3, "anchorDateTime": "2015-02-01T00:00:00" }),
            from
        ),
        "05-01T00:00 08-01T00:00, 08-01T00:00 11-01T00:00"
    );
    assert_eq!(
        first(json!({ "frequency": "Day", "interval": 1 }), "2016-02-28T00:00:00"),
        "02-28T00:00 02-29T00:00, 02-29T00:00 03-01T00:00"
    );
}

#[test]
fn wrong_availabilities_say_why() {
    for (value, why) in [
        (json!({}), "it has no `frequency`"),
        (json!({ "frequency": "Year" }), "\"Year\" is no frequency"),
        (json!({ "frequency": "Day", "interval": 0 }), "`interval`"),
        (json!({ "frequency": "Day", "offset": "x" }), "no time span"),
        (json!({ "frequency": "Day", "style": "Middle" }), "no style"),
        (json!({ "frequency": "Day", "anchorDateTime": "soon" }), "no time"),
    ] {
        let cause = availability(value.clone()).unwrap_err();
        assert!(cause.contains(why), "{value}: {cause}");
    }
}

#[test]
fn active_periods() {
    let read = |value: serde_json::Value| Period::read(value.as_object().unwrap());
    assert_eq!(read(json!({})), Ok(None));
    let two_days = read(json!({ "start": "2017-05-11" })).unwrap().unwrap();
    assert_eq!(two_days.end, Some(moment("2017-05-13T00:00:00")));
    assert_eq!(
        read(json!({ "start": "2017-05-11", "end": "9999-09-09" }))
            .unwrap()
            .unwrap()
            .end,
        None
    );
    assert!(read(json!({ "end": "2017-05-11" })).is_err());
    assert!(read(json!({ "start": "2017-05-11", "end": "2017-05-10" })).is_err());
}
