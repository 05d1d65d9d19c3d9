//! What a dataset asks of its slices: external ones are waited for, and what an activity has made is looked at before it counts.

use crate::activity::{Activity, written_span};
use crate::availability::span;
use crate::dataset::{Dataset, Shape};
use crate::pipeline::{Group, copies_as_is, dataset};
use crate::translate::{Notes, Old1};
use chrono::Duration;
use serde_json::{Value, json};
use sluice_contract::document::{member, text};
use sluice_contract::{Code, Object};
use std::collections::BTreeMap;

/// The error of a slice that has too little in it.
const TOO_LITTLE: &str = "SliceValidation";
/// How long it is looked whether what was just written is large enough: a store may be slow to show it.
const SHOWN: &str = "0.00:00:30";

/// The `policy` of a dataset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Policy {
    /// The pause between two looks for an external slice, and how long it is looked.
    external: Option<(Duration, Duration)>,
    least_bytes: Option<i64>,
    least_rows: Option<i64>,
}

impl Policy {
    /// Reads the policy of a dataset's `properties`.
    pub(crate) fn read(properties: &Object, notes: &mut Notes<'_>) -> Self {
        let policy = member(properties, "policy").and_then(Value::as_object);
        let part = |name: &str| {
            let part = policy
                .and_then(|policy| member(policy, name))
                .and_then(Value::as_object);
            part.filter(|part| !part.is_empty())
        };
        let mut found = Self::default();
        if let Some(validation) = part("validation") {
            found.least_bytes = number(validation, "minimumSizeMB", 1_048_576.0);
            found.least_rows = number(validation, "minimumRows", 1.0);
        }
        if let Some(data) = part("externalData") {
            match waiting(data) {
                Ok(times) => found.external = Some(times),
                Err(cause) => notes.refuse(
                    Code::OldDocumentRefused,
                    &["properties", "policy", "externalData"],
                    format!("its policy: {cause}"),
                ),
            }
        }
        found
    }
}

/// A number above zero, in whole ones of its unit.
fn number(object: &Object, name: &str, unit: f64) -> Option<i64> {
    let value = member(object, name)?;
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    let whole = (number * unit).ceil();
    // Beyond this nothing is counted.
    (whole > 0.0 && whole < 1e15).then_some(whole as i64)
}

/// v1 looked once, and `maximumRetry` times more, `retryInterval` apart.
fn waiting(data: &Object) -> Result<(Duration, Duration), String> {
    let interval = match text(data, "retryInterval").filter(|text| !text.trim().is_empty()) {
        Some(text) => span(text)?,
        None => Duration::minutes(1),
    };
    let interval = interval.clamp(Duration::seconds(1), Duration::days(1));
    let times = number(data, "maximumRetry", 1.0).unwrap_or(3).clamp(1, 1_000);
    let all = interval * i32::try_from(times).unwrap_or(3);
    Ok((interval, all))
}

/// What stands around the activities of a group.
#[derive(Default)]
pub(crate) struct Guards {
    /// The activities that wait and look.
    pub(crate) made: Vec<Value>,
    /// Who waits for an external dataset, by its name in lower case.
    waits: BTreeMap<String, String>,
    /// Who looks at what an activity has made, by the activity's name.
    looks: BTreeMap<String, Vec<String>>,
}

impl Guards {
    /// The guards of a group.
    pub(crate) fn of(group: &Group<'_>, all: &Old1<'_>, notes: &mut Notes<'_>) -> Self {
        let mut guards = Self::default();
        for activity in &group.activities {
            for input in &activity.inputs {
                if let Some(external) = dataset(all, &input.name).filter(|set| set.external)
                    && let Some(times) = external.policy.external
                    && !guards.waits.contains_key(&input.name.to_lowercase())
                {
                    let reference =
                        activity.reference((&input.name, &input.name), input.times, "inputs", group, all, notes);
                    guards.wait(&input.name, reference, times);
                }
            }
            for output in &activity.outputs {
                if let Some(made) = dataset(all, output) {
                    guards.look(activity, output, made, group, all, notes);
                }
            }
        }
        guards
    }

    /// What an activity waits for besides those that make its inputs.
    pub(crate) fn before(&self, activity: &Activity<'_>, makers: &[&str]) -> Vec<String> {
        let external = activity
            .inputs
            .iter()
            .filter_map(|input| self.waits.get(&input.name.to_lowercase()));
        let looks = makers.iter().filter_map(|maker| self.looks.get(*maker)).flatten();
        let mut names: Vec<String> = external.chain(looks).cloned().collect();
        names.sort();
        names.dedup();
        names
    }

    fn wait(&mut self, name: &str, reference: Value, (interval, all): (Duration, Duration)) {
        let called = format!("Wait for {name}");
        self.made.push(json!({
            "name": called, "type": "Validation", "dependsOn": [],
            "typeProperties": { "dataset": reference, "timeout": written_span(all), "sleep": interval.num_seconds() },
        }));
        self.waits.insert(name.to_lowercase(), called);
    }

    fn look(
        &mut self,
        activity: &Activity<'_>,
        output: &str,
        made: &Dataset,
        group: &Group<'_>,
        all: &Old1<'_>,
        notes: &mut Notes<'_>,
    ) {
        let behind = json!([{ "activity": activity.name, "dependencyConditions": ["Succeeded"] }]);
        if let Some(least) = made.policy.least_bytes {
            let named = matches!(&made.shape, Shape::Files { location, .. } if location.contains_key("fileName"));
            if !named {
                let text = format!(
                    "`minimumSizeMB` of {output}: it names no file, so it is looked only whether there is something in its folder"
                );
                notes.note_at(activity.path(&["outputs"]), text);
            }
            let reference = activity.reference((output, output), None, "outputs", group, all, notes);
            let mut settings = json!({ "dataset": reference, "timeout": SHOWN, "sleep": 5 });
            match named {
                true => settings["minimumSize"] = least.into(),
                false => settings["childItems"] = true.into(),
            }
            let called = format!("Size of {output}");
            self.made
                .push(json!({ "name": called, "type": "Validation", "dependsOn": behind, "typeProperties": settings }));
            self.looks.entry(activity.name.to_owned()).or_default().push(called);
        }
        let Some(least) = made.policy.least_rows else { return };
        let counts = activity.kind == "Copy"
            && activity
                .inputs
                .first()
                .is_some_and(|input| !copies_as_is(all, &input.name, output));
        if !counts {
            let text = format!(
                "`minimumRows` of {output} is not carried over: the activity does not say how many rows it made"
            );
            notes.note_at(activity.path(&["outputs"]), text);
            return;
        }
        let called = format!("Rows of {output}");
        let rows = format!(
            "@less(activity('{}').output.rowsCopied,{least})",
            activity.name.replace('\'', "''")
        );
        let fail = json!({ "name": format!("Too few rows in {output}"), "type": "Fail", "typeProperties": {
            "message": format!("{TOO_LITTLE}: the slice of {output} has fewer than {least} rows"), "errorCode": TOO_LITTLE } });
        self.made.push(json!({
            "name": called, "type": "IfCondition", "dependsOn": behind,
            "typeProperties": { "expression": { "value": rows, "type": "Expression" }, "ifTrueActivities": [fail] },
        }));
        self.looks.entry(activity.name.to_owned()).or_default().push(called);
    }
}
