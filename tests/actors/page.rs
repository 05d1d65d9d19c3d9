//! Reads a page of figures as strictly as Prometheus does.

use std::collections::{BTreeMap, BTreeSet};

/// A page that was understood as a whole.
#[derive(Debug)]
pub(super) struct Page {
    /// Name of a family to its type.
    pub(super) kinds: BTreeMap<String, String>,
    /// A sample as it is written, without its value, to the value.
    pub(super) samples: BTreeMap<String, f64>,
}

impl Page {
    /// Panics with the line that is wrong.
    #[track_caller]
    pub(super) fn parse(text: &str) -> Self {
        let mut page = Self {
            kinds: BTreeMap::new(),
            samples: BTreeMap::new(),
        };
        let mut helped = BTreeSet::new();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let name = rest.split(' ').next().unwrap();
                assert!(helped.insert(name.to_owned()), "a second time: {line}");
                continue;
            }
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert!(helped.contains(name), "no help before {line}");
                page.kinds.insert(name.to_owned(), kind.to_owned());
                continue;
            }
            let (sample, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
            let name = sample.split('{').next().unwrap();
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(!name.is_empty() && name.chars().all(plain), "{line}");
            assert_eq!(sample.contains('{'), sample.ends_with('}'), "{line}");
            assert!(page.family(name).is_some(), "of no family: {line}");
            let value: f64 = value.parse().unwrap_or_else(|e| panic!("{e}: {line}"));
            let twice = page.samples.insert(sample.to_owned(), value);
            assert_eq!(twice, None, "twice: {line}");
        }
        assert!(text.ends_with('\n'), "the last line is cut");
        page.check_histograms();
        page
    }

    fn family(&self, sample: &str) -> Option<&str> {
        if let Some((name, _)) = self.kinds.get_key_value(sample) {
            return Some(name);
        }
        let base = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| sample.strip_suffix(end))?;
        let (name, kind) = self.kinds.get_key_value(base)?;
        (kind == "histogram").then_some(name)
    }

    /// The largest bucket is the count.
    #[track_caller]
    fn check_histograms(&self) {
        let mut seen = 0;
        for (sample, value) in &self.samples {
            let Some((name, labels)) = sample.split_once("_bucket{") else {
                continue;
            };
            let Some(rest) = labels.strip_suffix("le=\"+Inf\"}") else {
                continue;
            };
            let rest = rest.trim_end_matches(',');
            let count = self.samples[&format!("{name}_count{{{rest}}}")];
            assert_eq!(count, *value, "{sample}");
            seen += 1;
        }
        assert!(seen > 3, "no histogram was found");
    }

    /// The value of a sample, written as on the page.
    #[track_caller]
    pub(super) fn value(&self, sample: &str) -> f64 {
        *self.samples.get(sample).unwrap_or_else(|| {
            let name = sample.split('{').next().unwrap();
            let like: Vec<_> = self.samples.keys().filter(|key| key.starts_with(name)).collect();
            panic!("no {sample}, but {like:#?}")
        })
    }
}
