//! Moments: read from text, and written in .NET's formats.

use chrono::{DateTime, Duration, Months, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Utc};
use sluice_dotnet::{Culture, Format, Purpose};

/// Ticks of .NET from the year 1 to 1970; a tick has 100 nanoseconds.
const TICKS_1970: i64 = 621_355_968_000_000_000;

/// A moment as a text says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Its date and time of day; in UTC, when `utc`.
    pub(crate) time: NaiveDateTime,
    /// Whether the text said an offset: the time was brought to UTC then.
    pub(crate) utc: bool,
}

/// The forms in which texts have dates, besides ISO 8601's.
const FORMS: [&str; 16] = [
    "M/d/yyyy h:mm:ss tt",
    "M/d/yyyy h:mm tt",
    "M/d/yyyy H:mm:ss.FFFFFFF",
    "M/d/yyyy H:mm:ss",
    "M/d/yyyy H:mm",
    "M/d/yyyy",
    "yyyy/M/d H:mm:ss",
    "yyyy/M/d",
    "yyyy-M-d",
    "yyyy-M-d H:mm:ss.FFFFFFFK",
    "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "ddd, d MMM yyyy HH:mm:ss zzz",
    "dddd, MMMM d, yyyy",
    "MMMM d, yyyy",
    "d MMMM yyyy",
    "MMM d, yyyy",
];

impl Moment {
    pub(crate) fn now(now: DateTime<Utc>) -> Self {
        // .NET counts in 100 nanoseconds.
        let nanos = now.nanosecond() / 100 * 100;
        let time = now.naive_utc();
        Self {
            time: time.with_nanosecond(nanos).unwrap_or(time),
            utc: true,
        }
    }

    /// Reads a text.
    ///
    /// # Errors
    /// In words.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let trimmed = text.trim();
        iso(trimmed)
            .or_else(|| {
                FORMS.iter().find_map(|form| {
                    let format = Format::parse(form, Purpose::Moment, Culture::EN_US).ok()?;
                    let read = format.read(trimmed).filter(|read| read.dated)?;
                    let gmt = trimmed.ends_with("GMT").then_some(0);
                    Self::new(read.moment, read.offset.or(gmt))
                })
            })
            .ok_or_else(|| format!("{text:?} is not a date and time, such as 2024-05-31T18:30:00Z"))
    }

    fn new(time: NaiveDateTime, offset: Option<i32>) -> Option<Self> {
        match offset {
            None => Some(Self { time, utc: false }),
            Some(offset) => time
                .checked_sub_signed(Duration::minutes(i64::from(offset)))
                .map(|time| Self { time, utc: true }),
        }
    }

    /// Writes it; `o` when no format is given.
    ///
    /// # Errors
    /// In words: what is wrong with the format.
    pub(crate) fn format(self, format: Option<&str>) -> Result<String, String> {
        let text = format.unwrap_or("o");
        let parsed = Format::parse(text, Purpose::Moment, Culture::EN_US)
            .map_err(|why| format!("the format {text:?} is not understood: {why}"))?;
        Ok(parsed.write(self.time, self.utc.then_some(0)))
    }

    /// Moved by a duration.
    pub(crate) fn plus(self, by: Duration) -> Result<Self, String> {
        let moved = self.time.checked_add_signed(by).filter(in_range);
        moved.map(|time| Self { time, ..self }).ok_or_else(outside)
    }

    /// Moved by months; the day is that of the other month's end where it has fewer.
    pub(crate) fn plus_months(self, months: i64) -> Result<Self, String> {
        let count = u32::try_from(months.unsigned_abs())
            .map(Months::new)
            .map_err(|_| outside())?;
        let moved = match months < 0 {
            true => self.time.checked_sub_months(count),
            false => self.time.checked_add_months(count),
        };
        moved
            .filter(in_range)
            .map(|time| Self { time, ..self })
            .ok_or_else(outside)
    }

    /// The same day or hour, from its beginning.
    pub(crate) fn truncated(self, hours: bool, days: bool) -> Self {
        let date = self.time.date();
        let day = if days { date.with_day0_first() } else { date };
        let hour = if hours { self.time.hour() } else { 0 };
        let time = NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
        Self {
            time: day.and_time(time),
            ..self
        }
    }

    /// .NET's ticks.
    pub(crate) fn ticks(self) -> i64 {
        let since = self.time.and_utc();
        since.timestamp() * 10_000_000 + i64::from(since.timestamp_subsec_nanos() / 100) + TICKS_1970
    }
}

/// The years that .NET has.
fn in_range(time: &NaiveDateTime) -> bool {
    use chrono::Datelike;
    (1..=9999).contains(&time.year())
}

fn outside() -> String {
    "the result is outside of the years 1 to 9999".to_owned()
}

/// `yyyy-MM-dd`, with a time of day and an offset as far as they are there.
fn iso(text: &str) -> Option<Moment> {
    let date = NaiveDate::parse_from_str(text.get(..10)?, "%Y-%m-%d").ok()?;
    let rest = &text[10..];
    if rest.is_empty() {
        return Moment::new(date.and_time(NaiveTime::MIN), None);
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let zone = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at(zone);
    let time = ["%H:%M:%S%.f", "%H:%M"]
        .iter()
        .find_map(|form| NaiveTime::parse_from_str(time.trim_end(), form).ok())?;
    let offset = match zone {
        "" => None,
        "Z" | "z" => Some(0),
        zone => Some(offset(zone)?),
    };
    Moment::new(date.and_time(time), offset)
}

/// `+01:00`, `+0100`, `+01`, in minutes.
fn offset(text: &str) -> Option<i32> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits: String = text[1..].chars().filter(|letter| *letter != ':').collect();
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let minutes: i32 = match digits.len() {
        2 => digits.parse::<i32>().ok()? * 60,
        4 => digits[..2].parse::<i32>().ok()? * 60 + digits[2..].parse::<i32>().ok()?,
        _ => return None,
    };
    (minutes <= 14 * 60).then_some(sign * minutes)
}

/// The first of a date's month.
trait FirstDay {
    fn with_day0_first(self) -> Self;
}

impl FirstDay for NaiveDate {
    fn with_day0_first(self) -> Self {
        use chrono::Datelike;
        self.with_day(1).unwrap_or(self)
    }
}
