//! A reader of the text format that forgives nothing: what <https://prometheus.io/docs/instrumenting/exposition_formats/>
//! and the conventions say, and one thing more: a HELP and a TYPE for every family, in this order.

use std::collections::{BTreeMap, BTreeSet};

pub(super) type Labels = BTreeMap<String, String>;

/// All samples of one name.
#[derive(Debug, Default)]
pub(super) struct Family {
    pub(super) help: String,
    pub(super) kind: String,
    /// Name, labels and value.
    pub(super) samples: Vec<(String, Labels, f64)>,
}

impl Family {
    /// The value with exactly these labels, of the family's own name.
    pub(super) fn value(&self, labels: &[(&str, &str)]) -> Option<f64> {
        let wanted: Labels = labels.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let found = self.samples.iter().find(|(_, labels, _)| *labels == wanted);
        found.map(|(_, _, value)| *value)
    }
}

/// Reads a page, or says what is wrong with it.
pub(super) fn read(page: &str) -> Result<BTreeMap<String, Family>, String> {
    if !page.is_empty() && !page.ends_with('\n') {
        return Err("the last line does not end".to_owned());
    }
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut series = BTreeSet::new();
    let mut current = String::new();
    for line in page.split_terminator('\n') {
        let wrong = |what: &str| format!("{what}: {line}");
        if line.is_empty() {
            return Err(wrong("a line that is none"));
        }
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').ok_or_else(|| wrong("no help"))?;
            check(is_name(name), || wrong("no name"))?;
            check(!families.contains_key(name), || wrong("a family twice"))?;
            let family = Family {
                help: unescape(help, false).ok_or_else(|| wrong("a bad escape"))?,
                ..Family::default()
            };
            families.insert(name.to_owned(), family);
            name.clone_into(&mut current);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').ok_or_else(|| wrong("no type"))?;
            let family = families.get_mut(&current).filter(|_| name == current);
            let family = family.ok_or_else(|| wrong("a type without its help"))?;
            check(family.kind.is_empty() && family.samples.is_empty(), || {
                wrong("a late type")
            })?;
            check(["counter", "gauge", "histogram"].contains(&kind), || wrong("no type"))?;
            check((kind == "counter") == name.ends_with("_total"), || {
                wrong("a counter's name")
            })?;
            kind.clone_into(&mut family.kind);
        } else {
            check(!line.starts_with('#'), || wrong("a comment"))?;
            let (name, labels, value) = sample(line).ok_or_else(|| wrong("no sample"))?;
            let family = families.get_mut(&current).ok_or_else(|| wrong("no family"))?;
            check(!family.kind.is_empty(), || wrong("no type before"))?;
            let suffix = name.strip_prefix(&current).ok_or_else(|| wrong("another family"))?;
            let fits = match (family.kind.as_str(), suffix) {
                ("histogram", "_bucket") => labels.contains_key("le"),
                ("histogram", "_sum" | "_count") | ("counter" | "gauge", "") => !labels.contains_key("le"),
                _ => false,
            };
            check(fits, || wrong("not of its family's type"))?;
            check(family.kind == "gauge" || (value >= 0.0 && value.is_finite()), || {
                wrong("no count")
            })?;
            check(series.insert((name.clone(), labels.clone())), || {
                wrong("a series twice")
            })?;
            family.samples.push((name, labels, value));
        }
    }
    for (name, family) in &families {
        check(!family.kind.is_empty(), || format!("{name} has no type"))?;
        if family.kind == "histogram" {
            histograms(name, family)?;
        }
    }
    Ok(families)
}

/// Buckets with their bounds, the sum, the count.
type Histogram = (Vec<(f64, f64)>, Option<f64>, Option<f64>);

/// Every histogram's buckets grow, the last is for everything, and it is the count.
fn histograms(name: &str, family: &Family) -> Result<(), String> {
    let mut all: BTreeMap<Labels, Histogram> = BTreeMap::new();
    for (sample, labels, value) in &family.samples {
        let mut labels = labels.clone();
        let bound = labels.remove("le");
        let (buckets, sum, count) = all.entry(labels).or_default();
        match (bound, sample.ends_with("_sum")) {
            (Some(bound), _) => buckets.push((number(&bound).ok_or("no bound")?, *value)),
            (None, true) => *sum = Some(*value),
            (None, false) => *count = Some(*value),
        }
    }
    for (labels, (buckets, sum, count)) in all {
        let wrong = |what: &str| format!("{what}: {name} {labels:?} {buckets:?} {sum:?} {count:?}");
        let grows = |pair: &[(f64, f64)]| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1;
        check(buckets.windows(2).all(grows), || wrong("buckets that do not grow"))?;
        let last = buckets.last().ok_or_else(|| wrong("no buckets"))?;
        check(last.0 == f64::INFINITY, || wrong("no bucket for everything"))?;
        check(Some(last.1) == count, || wrong("another count"))?;
        check(sum.is_some(), || wrong("no sum"))?;
    }
    Ok(())
}

fn check(good: bool, wrong: impl FnOnce() -> String) -> Result<(), String> {
    if good { Ok(()) } else { Err(wrong()) }
}

/// `name{label="value",..} 1`; no timestamp, since nothing here was measured at another time.
fn sample(line: &str) -> Option<(String, Labels, f64)> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = Labels::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, behind) = rest.split_once("=\"")?;
            let plain = is_name(label) && !label.contains(':') && !label.starts_with("__");
            let mut escaped = false;
            let end = behind.find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            })?;
            let value = unescape(&behind[..end], true)?;
            if !plain || labels.insert(label.to_owned(), value).is_some() {
                return None;
            }
            rest = &behind[end + 1..];
            if let Some(behind) = rest.strip_prefix('}') {
                rest = behind;
                break;
            }
            rest = rest.strip_prefix(',')?;
        }
    }
    let value = number(rest.strip_prefix(' ')?)?;
    is_name(name).then(|| (name.to_owned(), labels, value))
}

/// `\\` and `\n` everywhere, `\"` in values; a quote of its own only outside of values; nothing else behind a backslash.
fn unescape(text: &str, value: bool) -> Option<String> {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.push(match c {
            '\\' => match chars.next()? {
                '\\' => '\\',
                'n' => '\n',
                '"' if value => '"',
                _ => return None,
            },
            '"' if value => return None,
            c => c,
        });
    }
    Some(plain)
}

fn number(text: &str) -> Option<f64> {
    match text {
        "+Inf" => Some(f64::INFINITY),
        "-Inf" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        text if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => text.parse().ok(),
        _ => None,
    }
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    name.starts_with(plain) && name.chars().all(|c| plain(c) || c.is_ascii_digit())
}
