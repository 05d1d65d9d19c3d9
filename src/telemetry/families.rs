//! Reads the text that Prometheus reads, as this program writes it: the one source of the figures, whoever they are for.

/// All samples of one name.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Family {
    pub(super) name: String,
    pub(super) help: String,
    /// `counter`, `gauge` or `histogram`.
    pub(super) kind: String,
    pub(super) samples: Vec<Sample>,
}

/// One line.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Sample {
    /// What stands behind the family's name: nothing, or a histogram's `_bucket`, `_sum`, `_count`.
    pub(super) suffix: String,
    pub(super) labels: Vec<(String, String)>,
    /// The number as it is written: whole ones are not to be rounded.
    pub(super) value: String,
}

/// The families of a page, in its order. A line that is not of this program's making is left out.
pub(super) fn parse(page: &str) -> Vec<Family> {
    let mut families: Vec<Family> = Vec::new();
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap_or((rest, ""));
            families.push(Family {
                name: name.to_owned(),
                help: unescape(help),
                ..Family::default()
            });
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            if let (Some(family), Some((_, kind))) = (families.last_mut(), rest.split_once(' ')) {
                kind.clone_into(&mut family.kind);
            }
        } else if let Some(family) = families.last_mut() {
            let sample = sample(line, &family.name);
            family.samples.extend(sample);
        }
    }
    families
}

fn sample(line: &str, family: &str) -> Option<Sample> {
    let rest = line.strip_prefix(family)?;
    let end = rest.find(['{', ' '])?;
    let (suffix, rest) = rest.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), rest),
    };
    Some(Sample {
        suffix: suffix.to_owned(),
        labels,
        value: rest.trim().to_owned(),
    })
}

/// `name="value",..}`, and what stands behind.
fn labels(mut rest: &str) -> Option<(Vec<(String, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        let (name, behind) = rest.split_once("=\"")?;
        // The first quote that is not escaped ends the value.
        let mut escaped = false;
        let end = behind.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        })?;
        labels.push((name.to_owned(), unescape(&behind[..end])));
        rest = &behind[end + 1..];
        if let Some(behind) = rest.strip_prefix('}') {
            return Some((labels, behind));
        }
        rest = rest.strip_prefix(',')?;
    }
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => plain.push('\n'),
                Some(other) => plain.push(other),
                None => {}
            },
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_runtime_writes_is_read_back() {
        use sluice_runtime::Timing;
        use sluice_runtime::prometheus::{Kind, Text};
        let mut text = Text::new();
        let odd = "a \"quoted\"\\ one,}\nand = more";
        text.family("x_total", Kind::Counter, "With a \\ and a\nbreak.")
            .count(&[("name", odd), ("other", "")], u64::MAX)
            .count(&[], 0);
        text.family("x_seconds", Kind::Histogram, "Time.")
            .timing(&[("name", "n")], &Timing::default());
        let families = parse(&text.into_string());
        assert_eq!(families.len(), 2);
        let counter = &families[0];
        assert_eq!((counter.name.as_str(), counter.kind.as_str()), ("x_total", "counter"));
        assert_eq!(counter.help, "With a \\ and a\nbreak.");
        assert_eq!(counter.samples[0].labels[0], ("name".to_owned(), odd.to_owned()));
        assert_eq!(counter.samples[0].value, u64::MAX.to_string());
        assert_eq!(counter.samples[1].labels, []);
        let suffixes: Vec<_> = families[1].samples.iter().map(|s| s.suffix.as_str()).collect();
        assert_eq!(suffixes.len(), 10);
        assert_eq!(suffixes[7..], ["_bucket", "_sum", "_count"]);
    }

    #[test]
    fn other_texts_do_no_harm() {
        for text in [
            "",
            "x 1",
            "# TYPE x gauge",
            "# HELP x\nx{",
            "# HELP x y\nx{a=\"\\",
            "# HELP x y\nx{a=\"b\"",
            "# HELP x y\nxyz",
        ] {
            assert!(parse(text).iter().all(|family| family.samples.is_empty()), "{text}");
        }
    }
}
