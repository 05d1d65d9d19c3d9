//! What a window waits for: windows of another trigger, or earlier ones of its own.

use crate::fields::Fields;
use crate::span::span;
use crate::window::{Window, Windows};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

/// Whose windows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum On {
    /// The trigger's own.
    Itself,
    /// Those of the trigger of this name.
    Trigger(String),
}

/// A dependency: every window that the span touches has to have succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// Whose windows.
    pub on: On,
    /// How far the span's start is from the window's.
    pub offset: TimeDelta,
    /// How long the span is; as long as the window when not said.
    pub size: Option<TimeDelta>,
}

/// How many other triggers one may depend on.
const MOST: usize = 5;

impl Dependency {
    /// The span of time that a window depends on.
    pub fn span(&self, window: Window) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let from = window.start.checked_add_signed(self.offset)?;
        let size = self
            .size
            .unwrap_or_else(|| window.end.signed_duration_since(window.start));
        Some((from, from.checked_add_signed(size)?))
    }

    /// Reads `dependsOn`.
    pub(crate) fn read_all(outer: &Fields<'_>, windows: &Windows) -> Result<Vec<Self>, String> {
        let found: Vec<Self> = outer
            .items("dependsOn")
            .iter()
            .map(|item| Self::read(item, windows))
            .collect::<Result<_, _>>()?;
        let others = found.iter().filter(|one| one.on != On::Itself).count();
        if others > MOST {
            return Err(outer.wrong(
                "dependsOn",
                &format!("names {others} triggers, and {MOST} are the most"),
            ));
        }
        Ok(found)
    }

    fn read(item: &Value, windows: &Windows) -> Result<Self, String> {
        let object = item
            .as_object()
            .ok_or_else(|| "`typeProperties.dependsOn` holds something that is not an object".to_owned())?;
        let fields = Fields::new(object, "typeProperties.dependsOn");
        let time = |name: &str| {
            let text = fields.text(name)?;
            text.map(|text| span(text).ok_or_else(|| fields.wrong(name, "is not a time span such as -1.00:00:00")))
                .transpose()
        };
        let (offset, size) = (time("offset")?, time("size")?);
        if size.is_some_and(|size| size <= TimeDelta::zero()) {
            return Err(fields.wrong("size", "is not positive"));
        }
        let named = fields.object("referenceTrigger")?.and_then(|reference| {
            Fields::new(reference, "referenceTrigger")
                .get("referenceName")?
                .as_str()
        });
        let own = fields
            .text("type")?
            .is_some_and(|kind| kind.eq_ignore_ascii_case("SelfDependencyTumblingWindowTriggerReference"));
        if !own {
            let name = named.ok_or_else(|| fields.wrong("referenceTrigger.referenceName", "is missing"))?;
            return Ok(Self {
                on: On::Trigger(name.to_owned()),
                offset: offset.unwrap_or_default(),
                size,
            });
        }
        let offset = offset.ok_or_else(|| fields.wrong("offset", "is missing; a self-dependency needs one"))?;
        let dependency = Self {
            on: On::Itself,
            offset,
            size,
        };
        // The span has to end before the window begins, else the window waits for itself.
        let window = windows.window(0).ok_or("the trigger has no window")?;
        let ends = dependency.span(window).map(|(_, to)| to);
        if offset >= TimeDelta::zero() || ends.is_none_or(|ends| ends > window.start) {
            return Err(fields.wrong(
                "offset",
                "of a self-dependency has to be negative, and at least as long as its size",
            ));
        }
        Ok(dependency)
    }
}
