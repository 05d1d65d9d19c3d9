//! What was found out about a document.

use crate::text::Path;
use sluice_contract::Code;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// It runs, but perhaps not as it was meant.
    Note,
    /// It is kept and given back, and does not run.
    Stored,
    /// A mistake: it cannot run anywhere as it is.
    Wrong,
}

/// Something that was found out.
#[derive(Clone, Debug)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// Its code, with cause and next step in the catalogue.
    pub code: Code,
    /// Where in the document.
    pub path: Path,
    /// What it is, in words.
    pub text: String,
}

/// What becomes of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It runs, or is used by what runs.
    Runs,
    /// It is stored, and does not run.
    Stored,
    /// It has mistakes.
    Wrong,
}

/// A document's verdict, and why.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What becomes of it.
    pub verdict: Verdict,
    /// Who serves it, such as `PostgreSQL`; for a pipeline, the types of its activities.
    pub by: Option<String>,
    /// What was found, the worst first.
    pub findings: Vec<Finding>,
}

/// Collects the findings of one document.
#[derive(Default)]
pub(super) struct Notes(Vec<Finding>);

impl Notes {
    pub(super) fn add(&mut self, severity: Severity, code: Code, path: Path, text: impl Into<String>) {
        let text = text.into();
        // A dataset that is missing is missing once, however often it is named at one place.
        if !self.0.iter().any(|other| other.text == text && other.path == path) {
            self.0.push(Finding {
                severity,
                code,
                path,
                text,
            });
        }
    }

    pub(super) fn wrong(&mut self, code: Code, path: &[&str], text: impl Into<String>) {
        self.add(Severity::Wrong, code, Path::of(path), text);
    }

    pub(super) fn stored(&mut self, code: Code, path: &[&str], text: impl Into<String>) {
        self.add(Severity::Stored, code, Path::of(path), text);
    }

    pub(super) fn into_checked(mut self, by: Option<String>) -> Checked {
        self.0.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let verdict = match self.0.first().map(|finding| finding.severity) {
            Some(Severity::Wrong) => Verdict::Wrong,
            Some(Severity::Stored) => Verdict::Stored,
            _ => Verdict::Runs,
        };
        Checked {
            verdict,
            by: by.filter(|_| verdict == Verdict::Runs),
            findings: self.0,
        }
    }
}
