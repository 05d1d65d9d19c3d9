//! The table of cultures: .NET's values, without the names of months and days.

/// How one culture writes numbers and dates.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Customs {
    pub(super) name: &'static str,
    pub(super) decimal: char,
    /// What may part the groups of a number's digits.
    pub(super) groups: &'static str,
    /// How many digits a group has, but for the last one, which has three.
    pub(super) group_size: usize,
    pub(super) short_date: &'static str,
    pub(super) short_time: &'static str,
    pub(super) long_time: &'static str,
    pub(super) time_separator: char,
}

/// A part of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Year,
    Month,
    Day,
}

impl Part {
    fn of(letter: char) -> Option<Self> {
        match letter {
            'y' => Some(Self::Year),
            'M' => Some(Self::Month),
            'd' => Some(Self::Day),
            _ => None,
        }
    }

    /// The format that takes it with and without a leading zero.
    pub(super) fn lenient(self) -> &'static str {
        match self {
            Self::Year => "yyyy",
            Self::Month => "M",
            Self::Day => "d",
        }
    }
}

impl Customs {
    /// What stands between the parts of a date: the first character of the short date that is none of them.
    pub(super) fn date_separator(&self) -> char {
        self.short_date
            .chars()
            .find(|letter| Part::of(*letter).is_none())
            .unwrap_or('/')
    }

    /// In which order they stand.
    pub(super) fn order(&self) -> Vec<Part> {
        let mut parts: Vec<Part> = self.short_date.chars().filter_map(Part::of).collect();
        parts.dedup();
        parts
    }
}

/// Spaces that part groups: .NET writes the second or third of them, people the first.
const SPACES: &str = " \u{a0}\u{202f}";

const fn customs(name: &'static str, decimal: char, groups: &'static str, short_date: &'static str) -> Customs {
    Customs {
        name,
        decimal,
        groups,
        group_size: 3,
        short_date,
        short_time: "HH:mm",
        long_time: "HH:mm:ss",
        time_separator: ':',
    }
}

const fn hours(mut customs: Customs, short_time: &'static str, long_time: &'static str) -> Customs {
    customs.short_time = short_time;
    customs.long_time = long_time;
    customs
}

const fn half_days(customs: Customs) -> Customs {
    hours(customs, "h:mm tt", "h:mm:ss tt")
}

const fn short_hours(customs: Customs) -> Customs {
    hours(customs, "H:mm", "H:mm:ss")
}

const fn lakhs(mut customs: Customs) -> Customs {
    customs.group_size = 2;
    customs
}

const fn points(mut customs: Customs) -> Customs {
    customs.time_separator = '.';
    hours(customs, "H.mm", "H.mm.ss")
}

/// All of them; the first two have constants of their own.
#[rustfmt::skip]
pub(super) static CUSTOMS: [Customs; 33] = [
    customs("invariant", '.', ",", "MM/dd/yyyy"),
    half_days(customs("en-US", '.', ",", "M/d/yyyy")),
    half_days(customs("en-AU", '.', ",", "d/MM/yyyy")),
    half_days(customs("en-CA", '.', ",", "yyyy-MM-dd")),
    customs("en-GB", '.', ",", "dd/MM/yyyy"),
    customs("en-IE", '.', ",", "dd/MM/yyyy"),
    lakhs(customs("en-IN", '.', ",", "dd-MM-yyyy")),
    half_days(customs("en-NZ", '.', ",", "d/MM/yyyy")),
    customs("de-AT", ',', ".\u{a0} ", "dd.MM.yyyy"),
    customs("de-CH", '.', "'\u{2019}", "dd.MM.yyyy"),
    customs("de-DE", ',', ".", "dd.MM.yyyy"),
    customs("fr-CA", ',', SPACES, "yyyy-MM-dd"),
    customs("fr-FR", ',', SPACES, "dd/MM/yyyy"),
    short_hours(customs("es-ES", ',', ".", "dd/MM/yyyy")),
    half_days(customs("es-MX", '.', ",", "dd/MM/yyyy")),
    customs("it-IT", ',', ".", "dd/MM/yyyy"),
    customs("nl-BE", ',', ".", "d/MM/yyyy"),
    customs("nl-NL", ',', ".", "d-M-yyyy"),
    customs("pt-BR", ',', ".", "dd/MM/yyyy"),
    customs("pt-PT", ',', SPACES, "dd/MM/yyyy"),
    short_hours(customs("cs-CZ", ',', SPACES, "dd.MM.yyyy")),
    customs("pl-PL", ',', SPACES, "dd.MM.yyyy"),
    customs("ro-RO", ',', ".", "dd.MM.yyyy"),
    short_hours(customs("ru-RU", ',', SPACES, "dd.MM.yyyy")),
    customs("uk-UA", ',', SPACES, "dd.MM.yyyy"),
    customs("tr-TR", ',', ".", "d.MM.yyyy"),
    customs("da-DK", ',', ".", "dd-MM-yyyy"),
    points(customs("fi-FI", ',', SPACES, "d.M.yyyy")),
    customs("nb-NO", ',', SPACES, "dd.MM.yyyy"),
    customs("sv-SE", ',', SPACES, "yyyy-MM-dd"),
    short_hours(customs("ja-JP", '.', ",", "yyyy/MM/dd")),
    short_hours(customs("zh-CN", '.', ",", "yyyy/M/d")),
    half_days(customs("zh-TW", '.', ",", "yyyy/M/d")),
];
