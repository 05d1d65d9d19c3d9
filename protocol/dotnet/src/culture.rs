//! Cultures: how numbers and dates are written where.

use super::customs::{CUSTOMS, Customs};

/// Whose customs a format or a number follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Culture(&'static Customs);

impl Default for Culture {
    fn default() -> Self {
        Self::INVARIANT
    }
}

impl Culture {
    /// Nobody's.
    pub const INVARIANT: Self = Self(&CUSTOMS[0]);
    /// The United States'.
    pub const EN_US: Self = Self(&CUSTOMS[1]);

    /// Reads a culture's name, as `de-DE`; none for one that is not served.
    pub fn parse(name: &str) -> Option<Self> {
        let name = match name.trim() {
            "" => "invariant",
            name => name,
        };
        let found = CUSTOMS.iter().find(|customs| customs.name.eq_ignore_ascii_case(name));
        found.map(Self)
    }

    /// The names of all cultures.
    pub fn names() -> impl Iterator<Item = &'static str> {
        CUSTOMS.iter().map(|customs| customs.name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// What stands before the digits of a fraction.
    pub fn decimal_point(self) -> char {
        self.0.decimal
    }

    /// The forms in which dates and times are usually written, the date's separators being any of those that .NET takes. They are
    /// format strings.
    pub fn usual(self) -> Vec<String> {
        let own = self.0.date_separator();
        let mut separators = vec![own];
        separators.extend(['/', '-', '.'].into_iter().filter(|other| *other != own));
        let mut forms = Vec::new();
        for separator in separators {
            let date: Vec<&str> = self.0.order().iter().map(|part| part.lenient()).collect();
            let date = date.join(&format!("'{separator}'"));
            forms.extend([
                date.clone(),
                format!("{date} H:mm:ss.FFFFFFFFF"),
                format!("{date} H:mm"),
            ]);
            if self.has_names() {
                forms.extend([format!("{date} h:mm:ss tt"), format!("{date} h:mm tt")]);
            }
        }
        forms
    }

    /// Whether the names of its months, days and halves of the day are known here: the English ones are.
    pub(super) fn has_names(self) -> bool {
        self.0.name == "invariant" || self.0.name.starts_with("en-")
    }

    pub(super) fn customs(self) -> &'static Customs {
        self.0
    }

    /// A number in this culture's form as the invariant culture writes it; none when it is not of that form. Digits may stand in
    /// groups of the culture's sizes, and not in others: 1.5 is no fifteen where a point parts groups.
    pub fn plain_number(self, text: &str) -> Option<String> {
        let text = text.trim();
        if !text.contains(|c: char| c.is_ascii_digit()) {
            // The words for what is not a number or has no end.
            return Some(text.to_owned());
        }
        let (negative, text) = match text.strip_prefix(['-', '\u{2212}']) {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (digits, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], &text[at + 1..]),
            None => (text, ""),
        };
        if exponent.parse::<i32>().is_err() && digits.len() != text.len() {
            return None;
        }
        let (whole, fraction) = digits.split_once(self.0.decimal).unwrap_or((digits, ""));
        let whole = self.ungrouped(whole)?;
        let is_number =
            fraction.bytes().all(|byte| byte.is_ascii_digit()) && !(whole.is_empty() && fraction.is_empty());
        is_number.then(|| {
            let mut plain = String::with_capacity(text.len() + 1);
            plain.push_str(if negative { "-" } else { "" });
            plain.push_str(&whole);
            if !fraction.is_empty() {
                plain.push('.');
                plain.push_str(fraction);
            }
            plain.push_str(&text[digits.len()..]);
            plain
        })
    }

    /// Digits without what parts their groups.
    fn ungrouped(self, whole: &str) -> Option<String> {
        let Some(separator) = whole.chars().find(|c| !c.is_ascii_digit()) else {
            return Some(whole.to_owned());
        };
        if !self.0.groups.contains(separator) {
            return None;
        }
        let groups: Vec<&str> = whole.split(separator).collect();
        let last = groups.len() - 1;
        let fits = |(at, group): (usize, &&str)| {
            let size = if at == last { 3 } else { self.0.group_size };
            let right = if at == 0 {
                (1..=size).contains(&group.len())
            } else {
                group.len() == size
            };
            right && group.bytes().all(|byte| byte.is_ascii_digit())
        };
        groups.iter().enumerate().all(fits).then(|| groups.concat())
    }
}
