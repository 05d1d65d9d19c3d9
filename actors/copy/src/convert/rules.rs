//! `typeConversionSettings`, read.

use crate::settings::{is_set, unsupported};
use serde_json::Value;
use sluice_contract::document::member;
use sluice_contract::{Code, Fault, Object};
use sluice_dotnet::{Culture, Format, Purpose};

const PLACE: &str = "translator.typeConversionSettings";

/// How values are converted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rules {
    /// What a value loses on the way is lost.
    pub(super) truncate: bool,
    pub(super) boolean_as_number: bool,
    pub(super) date_time: Option<Format>,
    pub(super) date_time_offset: Option<Format>,
    pub(super) time_span: Option<Format>,
    pub(super) culture: Culture,
}

/// What a mapping says of one column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) format: Option<String>,
    pub(crate) culture: Option<String>,
    pub(crate) precision: Option<u8>,
    pub(crate) scale: Option<i8>,
}

impl Rules {
    /// Reads a translator; none without `typeConversion`.
    ///
    /// # Errors
    /// `SL4005` when the settings are malformed, `SL4009` for a culture, a format or a member that is not served.
    pub(crate) fn read(translator: &Object) -> Result<Option<Self>, Fault> {
        let malformed = |name: &str, what: &str| Fault::new(Code::DocumentInvalid, format!("`{name}` is not {what}"));
        let empty = Object::new();
        let settings = match member(translator, "typeConversionSettings") {
            None | Some(Value::Null) => &empty,
            Some(Value::Object(settings)) => settings,
            Some(_) => return Err(malformed(PLACE, "an object")),
        };
        if !member(translator, "typeConversion").is_some_and(is_set) {
            return Ok(None);
        }
        let text = |name: &str| match member(settings, name).filter(|value| is_set(value)) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(malformed(&format!("{PLACE}.{name}"), "a text")),
        };
        let culture = match text("culture")? {
            None => Culture::default(),
            Some(name) => culture(&format!("{PLACE}.culture"), name)?,
        };
        let read = |name: &str, purpose| {
            let format = text(name)?.map(|text| format(&format!("{PLACE}.{name}"), text, purpose, culture));
            format.transpose()
        };
        let rules = Self {
            truncate: member(settings, "allowDataTruncation").is_some_and(is_set),
            boolean_as_number: member(settings, "treatBooleanAsNumber").is_some_and(is_set),
            date_time: read("dateTimeFormat", Purpose::Moment)?,
            date_time_offset: read("dateTimeOffsetFormat", Purpose::Moment)?,
            time_span: read("timeSpanFormat", Purpose::Span)?,
            culture,
        };
        const KNOWN: [&str; 6] = [
            "allowDataTruncation",
            "treatBooleanAsNumber",
            "dateTimeFormat",
            "dateTimeOffsetFormat",
            "timeSpanFormat",
            "culture",
        ];
        let strange = |key: &&String| !KNOWN.iter().any(|known| key.eq_ignore_ascii_case(known));
        let mut set = settings.iter().filter(|(_, value)| is_set(value)).map(|(key, _)| key);
        match set.find(strange) {
            Some(key) => Err(unsupported(&format!("{PLACE}.{key}"), "it is not known")),
            None => Ok(Some(rules)),
        }
    }

    /// These rules for a column that has its own format.
    ///
    /// # Errors
    /// `SL4009` for a culture or format that is not served.
    pub(crate) fn of(&self, place: &str, column: &Column) -> Result<Self, Fault> {
        let mut rules = self.clone();
        if let Some(name) = &column.culture {
            rules.culture = culture(&format!("{place}.culture"), name)?;
        }
        if let Some(text) = &column.format {
            let place = format!("{place}.format");
            let moment = format(&place, text, Purpose::Moment, rules.culture);
            let span = format(&place, text, Purpose::Span, rules.culture);
            if let (Err(fault), Err(_)) = (&moment, &span) {
                return Err(fault.clone());
            }
            rules.date_time = moment.clone().ok();
            rules.date_time_offset = moment.ok();
            rules.time_span = span.ok();
        }
        Ok(rules)
    }
}

fn culture(place: &str, name: &str) -> Result<Culture, Fault> {
    Culture::parse(name).ok_or_else(|| {
        let known: Vec<&str> = Culture::names().collect();
        unsupported(place, format!("{name:?} is not one of {}", known.join(", ")))
    })
}

/// Reads a format string.
///
/// # Errors
/// `SL4009` when it is not understood.
pub(crate) fn format(place: &str, text: &str, purpose: Purpose, culture: Culture) -> Result<Format, Fault> {
    Format::parse(text, purpose, culture).map_err(|why| unsupported(place, format!("the format {text:?}: {why}")))
}
