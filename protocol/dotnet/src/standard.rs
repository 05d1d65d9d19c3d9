//! The formats of one letter.

/// Whose customs they follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Culture {
    /// Nobody's.
    #[default]
    Invariant,
    /// The United States'.
    EnUs,
}

impl Culture {
    /// Reads a culture's name; none for one that is not served.
    pub fn parse(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "" | "invariant" => Some(Self::Invariant),
            "en-us" => Some(Self::EnUs),
            _ => None,
        }
    }
}

/// The custom format that a letter stands for; none when the text is a custom format itself.
pub(super) fn moment(text: &str, culture: Culture) -> Result<Option<String>, String> {
    let (short_date, long_date, short_time, long_time) = match culture {
        Culture::Invariant => ("MM/dd/yyyy", "dddd, dd MMMM yyyy", "HH:mm", "HH:mm:ss"),
        Culture::EnUs => ("M/d/yyyy", "dddd, MMMM d, yyyy", "h:mm tt", "h:mm:ss tt"),
    };
    let mut letters = text.chars();
    let (Some(letter), None) = (letters.next(), letters.next()) else {
        return Ok(None);
    };
    Ok(Some(match letter {
        'd' => short_date.to_owned(),
        'D' => long_date.to_owned(),
        't' => short_time.to_owned(),
        'T' => long_time.to_owned(),
        'f' => format!("{long_date} {short_time}"),
        'F' => format!("{long_date} {long_time}"),
        'g' => format!("{short_date} {short_time}"),
        'G' => format!("{short_date} {long_time}"),
        'm' | 'M' => "MMMM dd".to_owned(),
        'y' | 'Y' => "yyyy MMMM".to_owned(),
        'o' | 'O' => "yyyy-MM-ddTHH:mm:ss.fffffffK".to_owned(),
        'r' | 'R' => "ddd, dd MMM yyyy HH:mm:ss 'GMT'".to_owned(),
        's' => "yyyy-MM-ddTHH:mm:ss".to_owned(),
        'u' => "yyyy-MM-dd HH:mm:ss'Z'".to_owned(),
        other => return Err(format!("there is no standard format {other:?}")),
    }))
}

/// The same for spans, which are shorter than a day here.
pub(super) fn span(text: &str) -> Result<Option<String>, String> {
    let mut letters = text.chars();
    let (Some(letter), None) = (letters.next(), letters.next()) else {
        return Ok(None);
    };
    Ok(Some(match letter {
        'c' | 't' | 'T' => r"hh\:mm\:ss\.FFFFFFF".to_owned(),
        'g' => r"h\:mm\:ss\.FFFFFFF".to_owned(),
        'G' => r"d\:hh\:mm\:ss\.fffffff".to_owned(),
        other => return Err(format!("there is no standard format {other:?}")),
    }))
}
