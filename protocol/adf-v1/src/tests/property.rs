//! Old functions and the expressions that they become say the same; and nothing panics.

use super::functions::moment;
use crate::{Function, Kind, Old, Window, translate};
use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};
use sluice_expression::{Root, Scope, Template};
use std::borrow::Cow;

struct Times(Value);

impl Scope for Times {
    fn root(&self, root: Root<'_>) -> Result<Cow<'_, Value>, String> {
        match root {
            Root::Pipeline => Ok(Cow::Borrowed(&self.0)),
            _ => Err("nothing else is there".to_owned()),
        }
    }

    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    fn random(&self) -> u64 {
        0
    }
}

fn iso(moment: NaiveDateTime) -> String {
    moment.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// What the expression of today gives.
fn today(function: &Function, window: Window) -> Result<String, String> {
    let written = function.write("pipeline().parameters.windowStart", "pipeline().parameters.windowEnd")?;
    let scope = Times(json!({ "parameters": { "windowStart": iso(window.start), "windowEnd": iso(window.end) } }));
    let template = Template::parse(&format!("@{written}")).map_err(|error| format!("{written}: {error}"))?;
    let value = template
        .evaluate(&scope)
        .map_err(|error| format!("{written}: {error}"))?;
    Ok(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// A text of a time.
fn time() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("SliceStart".to_owned()),
        Just("WindowEnd".to_owned()),
        Just("DateTime.From('2016-02-29T12:30:00')".to_owned())
    ];
    leaf.prop_recursive(3, 8, 1, |inner| {
        let by = prop::sample::select(vec![
            "Time.AddHours",
            "Time.AddMinutes",
            "Date.AddDays",
            "Date.AddMonths",
            "Date.AddQuarters",
            "Date.AddWeeks",
            "Date.AddYears",
        ]);
        let of = prop::sample::select(vec![
            "Time.StartOfHour",
            "Date.EndOfDay",
            "Date.EndOfMonth",
            "Date.StartOfDay",
        ]);
        prop_oneof![
            (by, inner.clone(), -40..40_i64).prop_map(|(name, time, by)| format!("{name}({time}, {by})")),
            (of, inner).prop_map(|(name, time)| format!("{name}({time})")),
        ]
    })
}

fn call() -> impl Strategy<Value = String> {
    let formats = prop::sample::select(vec![
        "yyyy",
        "%M",
        "dd",
        "yyyy-MM-dd HH:mm:ss",
        "hh tt",
        "dddd",
        "MMM",
        "HH-mm",
    ]);
    let numbers = prop::sample::select(vec!["Date.Day", "Date.DayOfYear", "Date.DaysInMonth", "DateTime.Ticks"]);
    prop_oneof![
        (formats, time())
            .prop_map(|(format, time)| format!("Text.Format('a {{{{b}}}} \\'{{0:{format}}}\\' {{0:yy}}', {time})")),
        (numbers.clone(), time()).prop_map(|(name, time)| format!("Text.Format('{{0:D2}}|{{0}}', {name}({time}))")),
        (numbers, time()).prop_map(|(name, time)| format!("{name}({time})")),
        time().prop_map(|time| format!("Date.DayOfWeek({time})")),
        time(),
    ]
}

proptest! {
    #[test]
    fn functions_and_their_expressions_agree(call in call(), minutes in 0..12_000_000_i64, length in 15..50_000_i64) {
        let start = moment("2000-01-01T00:00:00") + Duration::minutes(minutes);
        let window = Window { start, end: start + Duration::minutes(length) };
        let function = Function::parse(&format!("$${call}")).unwrap().unwrap();
        let old = function.evaluate(window).unwrap();
        // Where a time is given as it is, today's way of writing it differs.
        let new = today(&Function::parse(&format!("$$Text.Format('{{0}}', {call})")).unwrap().unwrap(), window);
        prop_assert_eq!(new, Ok(old), "{}", call);
    }

    #[test]
    fn no_text_panics(text in "\\$\\$[A-Za-z.(){}',0-9:\\\\ -]{0,60}") {
        if let Some(Ok(function)) = Function::parse(&text) {
            let _ = function.evaluate(super::functions::window());
            let _ = function.write("a", "b");
        }
        let _ = Function::parse_bare(&text);
    }

    #[test]
    fn no_document_panics(kind in 0..4_usize, text in "[ -~]{0,20}", number in any::<i64>(), word in prop::sample::select(vec!["Day", "Month", "Week", "Minute", "x"])) {
        let kind = [Kind::Gateway, Kind::LinkedService, Kind::Dataset, Kind::Pipeline][kind];
        let body = json!({ "Properties": {
            "type": text, "linkedServiceName": "l", "start": text, "end": "2016-01-01", "isPaused": number,
            "location": { "type": "AzureBlobLocation", "blobPath": text, "partitionedBy": [number, { "name": text, "value": text }] },
            "availability": { "frequency": word, "interval": number, "offset": text, "anchorDateTime": "0001-01-01", "style": "StartOfInterval" },
            "activities": [number, { "name": text, "type": "Copy", "inputs": [{ "name": "d", "startTime": text, "endTime": text }], "outputs": [{ "name": "d" }],
                "typeProperties": { "source": { "type": text, "q": format!("$${text}") }, "sink": number }, "policy": { "timeout": text, "retry": number, "delay": text } }],
        } });
        let dataset = json!({ "properties": { "type": "AzureBlob", "linkedServiceName": "l", "typeProperties": { "folderPath": format!("c/{{{text}}}") },
            "availability": { "frequency": word, "interval": number.clamp(1, 5_000) } } });
        let made = translate(&[
            Old { kind, name: "n", body: &body },
            Old { kind: Kind::Dataset, name: "d", body: &dataset },
        ]);
        prop_assert!(made.documents.iter().all(|document| document.body["properties"].is_object()));
    }
}
