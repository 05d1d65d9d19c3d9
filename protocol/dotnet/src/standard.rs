//! The formats of one letter.

use super::culture::Culture;

/// The custom format that a letter stands for, and the culture by which that is read; none when the text is a custom format itself.
pub(super) fn moment(text: &str, culture: Culture) -> Result<Option<(String, Culture)>, String> {
    let customs = culture.customs();
    let (short_date, short_time, long_time) = (customs.short_date, customs.short_time, customs.long_time);
    let mut letters = text.chars();
    let (Some(letter), None) = (letters.next(), letters.next()) else {
        return Ok(None);
    };
    let long_date = long_date(culture);
    let custom = match letter {
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
    };
    // These are the same for all.
    let culture = if "oOrRsu".contains(letter) {
        Culture::INVARIANT
    } else {
        culture
    };
    Ok(Some((custom, culture)))
}

/// With the name of the month, and so in English only: where names are not known, it is refused when it is read.
fn long_date(culture: Culture) -> &'static str {
    match culture.name() {
        "en-US" => "dddd, MMMM d, yyyy",
        "en-CA" => "MMMM d, yyyy",
        "en-GB" | "en-IN" => "dd MMMM yyyy",
        "en-IE" => "dddd d MMMM yyyy",
        "en-AU" | "en-NZ" => "dddd, d MMMM yyyy",
        _ => "dddd, dd MMMM yyyy",
    }
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
