//! Documents and functions of Data Factory v1: one JSON object per line, each `{"kind":..,"name":..,"body":..}`; a text that
//! begins with `$$` is a function.
#![no_main]

use chrono::{NaiveDate, NaiveDateTime};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use sluice_adf_v1::{Availability, Function, Kind, Old, Period, Window, translate};

const KINDS: [(&str, Kind); 4] = [
    ("gateway", Kind::Gateway),
    ("linkedService", Kind::LinkedService),
    ("dataset", Kind::Dataset),
    ("pipeline", Kind::Pipeline),
];

fuzz_target!(|text: &str| {
    if text.starts_with("$$") {
        return function(text);
    }
    let values: Vec<Value> = text
        .lines()
        .take(16)
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let old: Vec<Old<'_>> = values
        .iter()
        .filter_map(|value| {
            let kind = value.get("kind")?.as_str()?;
            Some(Old {
                kind: KINDS.iter().find(|(name, _)| *name == kind)?.1,
                name: value.get("name")?.as_str()?,
                body: value.get("body")?,
            })
        })
        .collect();
    let made = translate(&old);
    for document in &made.documents {
        assert!(document.of < old.len());
    }
    for value in &values {
        if let Some(object) = value.as_object() {
            let _ = Period::read(object);
            if let Ok(availability) = Availability::read(object) {
                assert!(availability.slices(moment(2015), moment(2016), 50).len() <= 50);
            }
        }
    }
});

fn moment(year: i32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(year, 2, 28)
        .and_then(|date| date.and_hms_opt(23, 59, 59))
        .expect("a day")
}

fn function(text: &str) {
    let window = Window {
        start: moment(2016),
        end: moment(2017),
    };
    for read in [Function::parse(text), Some(Function::parse_bare(&text[2..]))] {
        if let Some(Ok(function)) = read {
            let _ = (function.evaluate(window), function.moment(window));
        }
    }
}
