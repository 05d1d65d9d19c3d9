//! A pipeline and its activities.

use super::{Reference, empty, kind, lost, member, properties, required};
use crate::Object;
use crate::codes::Code;
use crate::fault::Fault;
use serde_json::Value;
use std::time::Duration;

/// A typed view on a pipeline.
#[derive(Clone, Debug)]
pub struct Pipeline<'a> {
    properties: &'a Object,
    activities: Vec<Activity<'a>>,
}

impl<'a> Pipeline<'a> {
    /// Reads `{"properties": {"activities": [..]}}`.
    ///
    /// # Errors
    /// [`Code::DocumentInvalid`], [`Code::TypeMissing`] when an activity is not one.
    pub fn view(document: &'a Value) -> Result<Self, Fault> {
        let properties = properties(document)?;
        let activities = match member(properties, "activities") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => items.iter().map(Activity::view).collect::<Result<_, _>>()?,
            Some(_) => return Err(Fault::new(Code::DocumentInvalid, "`activities` is not an array")),
        };
        Ok(Self { properties, activities })
    }

    /// The activities in the order they were written.
    pub fn activities(&self) -> &[Activity<'a>] {
        &self.activities
    }

    /// The declared parameters.
    pub fn parameters(&self) -> &'a Object {
        member(self.properties, "parameters")
            .and_then(Value::as_object)
            .unwrap_or(empty())
    }

    /// The declared variables.
    pub fn variables(&self) -> &'a Object {
        member(self.properties, "variables")
            .and_then(Value::as_object)
            .unwrap_or(empty())
    }

    /// How many runs may be in progress at the same time; 0 when the pipeline does not say.
    pub fn concurrency(&self) -> i64 {
        let given = member(self.properties, "concurrency").and_then(Value::as_i64);
        given.filter(|runs| *runs > 0).unwrap_or_default()
    }

    /// Free labels.
    pub fn annotations(&self) -> Option<&'a Value> {
        member(self.properties, "annotations")
    }
}

/// One activity.
#[derive(Clone, Copy, Debug)]
pub struct Activity<'a> {
    object: &'a Object,
    name: &'a str,
    kind: &'a str,
}

/// `dependsOn`: an earlier activity and how it must have ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The earlier activity.
    pub activity: String,
    /// `Succeeded`, `Failed`, `Skipped`, `Completed`; any of them is enough.
    pub conditions: Vec<String>,
}

/// An activity's `policy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How long one attempt may take; ADF's default is 12 hours.
    pub timeout: Duration,
    /// How many more attempts after the first.
    pub retry: u32,
    /// The pause between attempts.
    pub retry_interval: Duration,
    /// Its input is not shown.
    pub secure_input: bool,
    /// Its output is not shown.
    pub secure_output: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(12 * 3600),
            retry: 0,
            retry_interval: Duration::from_secs(30),
            secure_input: false,
            secure_output: false,
        }
    }
}

impl<'a> Activity<'a> {
    /// Reads one of a list of activities.
    ///
    /// # Errors
    /// [`Code::DocumentInvalid`], [`Code::TypeMissing`] when it is none.
    pub fn view(value: &'a Value) -> Result<Self, Fault> {
        let object = value
            .as_object()
            .ok_or_else(|| Fault::new(Code::DocumentInvalid, "an activity is not an object"))?;
        let name = required(object, "name", "an activity")?;
        let kind = kind(object, &format!("the activity {name}"))?;
        let activity = Self { object, name, kind };
        let kind = lost::kind(name, kind, activity.type_properties())?.unwrap_or(kind);
        Ok(Self { kind, ..activity })
    }

    /// The activity's name.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The activity's type, such as `Copy`.
    pub fn kind(&self) -> &'a str {
        self.kind
    }

    /// All of it.
    pub fn object(&self) -> &'a Object {
        self.object
    }

    /// How a run marks it when its `state` is `Inactive`: `Succeeded`, `Failed` or `Skipped`; `None` when it is active.
    pub fn inactive(&self) -> Option<&'static str> {
        super::text(self.object, "state").filter(|state| state.eq_ignore_ascii_case("Inactive"))?;
        let mark = super::text(self.object, "onInactiveMarkAs").unwrap_or_default();
        let known = ["Failed", "Skipped"]
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(mark));
        Some(known.unwrap_or("Succeeded"))
    }

    /// Its `userProperties`, `[{"name": .., "value": ..}]`, by name.
    pub fn user_properties(&self) -> Object {
        let items = member(self.object, "userProperties").and_then(Value::as_array);
        let items = items.into_iter().flatten().filter_map(Value::as_object);
        items
            .filter_map(|item| {
                let value = member(item, "value").cloned().unwrap_or_default();
                Some((super::text(item, "name")?.to_owned(), value))
            })
            .collect()
    }

    /// Its `typeProperties`; empty when missing.
    pub fn type_properties(&self) -> &'a Object {
        member(self.object, "typeProperties")
            .and_then(Value::as_object)
            .unwrap_or(empty())
    }

    /// The linked service that it names itself, as Scripts and stored procedures do.
    pub fn linked_service(&self) -> Option<Reference<'a>> {
        member(self.object, "linkedServiceName").and_then(Reference::view)
    }

    /// What it waits for.
    pub fn depends_on(&self) -> Vec<Dependency> {
        let items = member(self.object, "dependsOn")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
            .unwrap_or_default();
        items
            .iter()
            .filter_map(Value::as_object)
            .filter_map(|item| {
                let conditions = member(item, "dependencyConditions").and_then(Value::as_array);
                let conditions: Vec<String> = conditions
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect();
                Some(Dependency {
                    activity: super::text(item, "activity")?.to_owned(),
                    conditions: if conditions.is_empty() {
                        vec!["Succeeded".to_owned()]
                    } else {
                        conditions
                    },
                })
            })
            .collect()
    }

    /// Its policy, with ADF's defaults.
    ///
    /// # Errors
    /// [`Code::DocumentInvalid`] when a value has the wrong form.
    pub fn policy(&self) -> Result<Policy, Fault> {
        let mut policy = Policy::default();
        let Some(object) = member(self.object, "policy").and_then(Value::as_object) else {
            return Ok(policy);
        };
        let wrong = |what: &str| {
            Fault::new(
                Code::DocumentInvalid,
                format!("activity {}: policy.{what} has the wrong form", self.name),
            )
        };
        if let Some(value) = member(object, "timeout").filter(|v| !v.is_null()) {
            policy.timeout = value.as_str().and_then(timespan).ok_or_else(|| wrong("timeout"))?;
        }
        if let Some(value) = member(object, "retry").filter(|v| !v.is_null()) {
            policy.retry = value
                .as_u64()
                // An expression may give a text.
                .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
                .and_then(|n| u32::try_from(n).ok())
                .ok_or_else(|| wrong("retry"))?;
        }
        if let Some(value) = member(object, "retryIntervalInSeconds").filter(|v| !v.is_null()) {
            policy.retry_interval = value
                .as_u64()
                .map(Duration::from_secs)
                .ok_or_else(|| wrong("retryIntervalInSeconds"))?;
        }
        let is_set = |name: &str| member(object, name) == Some(&Value::Bool(true));
        policy.secure_input = is_set("secureInput");
        policy.secure_output = is_set("secureOutput");
        Ok(policy)
    }

    /// The activity as a Copy, if it is one.
    ///
    /// # Errors
    /// [`Code::ActivityUnsupported`] for another type, [`Code::PipelineInvalid`] when an input, output, source or sink is missing.
    pub fn copy(&self) -> Result<CopyActivity<'a>, Fault> {
        if self.kind != "Copy" {
            return Err(Fault::new(
                Code::ActivityUnsupported,
                format!("activity {}: the type {} does not run here", self.name, self.kind),
            ));
        }
        let missing = |what: &str| {
            Fault::new(
                Code::PipelineInvalid,
                format!("activity {}: it has no {what}", self.name),
            )
        };
        let end = |name: &str| {
            let items = member(self.object, name).and_then(Value::as_array);
            items.and_then(|items| items.first()).and_then(Reference::view)
        };
        let object = |name: &str| member(self.type_properties(), name).and_then(Value::as_object);
        Ok(CopyActivity {
            activity: *self,
            input: end("inputs").ok_or_else(|| missing("input"))?,
            output: end("outputs").ok_or_else(|| missing("output"))?,
            source: object("source").ok_or_else(|| missing("typeProperties.source"))?,
            sink: object("sink").ok_or_else(|| missing("typeProperties.sink"))?,
        })
    }
}

/// A Copy activity.
#[derive(Clone, Copy, Debug)]
pub struct CopyActivity<'a> {
    /// The activity.
    pub activity: Activity<'a>,
    /// The dataset that is read.
    pub input: Reference<'a>,
    /// The dataset that is written.
    pub output: Reference<'a>,
    /// `typeProperties.source`.
    pub source: &'a Object,
    /// `typeProperties.sink`.
    pub sink: &'a Object,
}

impl CopyActivity<'_> {
    /// The linked service of the session log: of `logSettings`, or of the older `logStorageSettings`.
    ///
    /// # Errors
    /// [`Code::PipelineInvalid`] when the log is asked for without one.
    pub fn log_service(&self) -> Result<Option<Reference<'_>>, Fault> {
        let settings = self.activity.type_properties();
        let Some(log) = member(settings, "logSettings").and_then(Value::as_object) else {
            return self.service_of(settings, "logStorageSettings");
        };
        if member(log, "enableCopyActivityLog") == Some(&Value::Bool(false)) {
            return Ok(None);
        }
        self.service_of(log, "logLocationSettings")
    }

    /// The linked service of `redirectIncompatibleRowSettings`.
    ///
    /// # Errors
    /// [`Code::PipelineInvalid`] when it names none.
    pub fn redirect_service(&self) -> Result<Option<Reference<'_>>, Fault> {
        self.service_of(self.activity.type_properties(), "redirectIncompatibleRowSettings")
    }

    fn service_of<'a>(&self, settings: &'a Object, name: &str) -> Result<Option<Reference<'a>>, Fault> {
        let Some(place) = member(settings, name)
            .and_then(Value::as_object)
            .filter(|place| !place.is_empty())
        else {
            return Ok(None);
        };
        let service = member(place, "linkedServiceName").and_then(Reference::view);
        service.map(Some).ok_or_else(|| {
            let text = format!("activity {}: {name} has no linkedServiceName", self.activity.name());
            Fault::new(Code::PipelineInvalid, text)
        })
    }

    /// The `typeProperties` besides source and sink.
    pub fn settings(&self) -> Object {
        let all = self.activity.type_properties().iter();
        all.filter(|(key, _)| !matches!(key.as_str(), "source" | "sink"))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect()
    }
}

/// .NET's time span `[d.]hh:mm:ss[.fraction]`.
pub fn timespan(text: &str) -> Option<Duration> {
    let mut parts = text.split(':');
    let (first, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (days, hours) = first.split_once('.').unwrap_or(("0", first));
    // Rust's own parsers take signs, exponents and more.
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    if ![days, hours, minutes, whole, fraction].into_iter().all(digits) || whole.is_empty() || fraction.is_empty() {
        return None;
    }
    let (days, hours, minutes): (u64, u64, u64) = (days.parse().ok()?, hours.parse().ok()?, minutes.parse().ok()?);
    let seconds: f64 = seconds.parse().ok().filter(|s| (0.0..60.0).contains(s))?;
    if hours > 23 || minutes > 59 || days > 10_000 {
        return None;
    }
    let seconds = Duration::try_from_secs_f64(seconds).ok()?;
    Some(Duration::from_secs(days * 86_400 + hours * 3_600 + minutes * 60) + seconds)
}

#[cfg(test)]
mod tests {
    use super::timespan;
    use std::time::Duration;

    #[test]
    fn time_spans_of_dot_net() {
        assert_eq!(timespan("0.12:00:00"), Some(Duration::from_secs(43_200)));
        assert_eq!(timespan("7.00:00:00"), Some(Duration::from_secs(604_800)));
        assert_eq!(timespan("00:10:30.5"), Some(Duration::from_millis(630_500)));
        for wrong in [
            "",
            "12",
            "1:2",
            "25:00:00",
            "00:60:00",
            "00:00:61",
            "x.00:00:00",
            "-1.00:00:00",
        ] {
            assert_eq!(timespan(wrong), None, "{wrong}");
        }
    }
}
