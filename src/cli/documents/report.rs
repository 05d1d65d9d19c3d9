//! Findings, for people and for machines.

use serde_json::{Value, json};
use sluice_documents::{Checked, Contract, Document, Severity, Verdict};

/// A verdict in one word.
pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Runs => "runs",
        Verdict::Stored => "stored",
        Verdict::Wrong => "wrong",
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Stored => "stored",
        Severity::Wrong => "wrong",
    }
}

/// A document with its findings, as JSON.
pub(super) fn to_json(document: &Document, checked: &Checked) -> Value {
    let findings: Vec<Value> = checked
        .findings
        .iter()
        .map(|finding| {
            let place = document.origin.place(&finding.path);
            json!({
                "severity": severity(finding.severity),
                "code": finding.code,
                "line": place.line,
                "column": place.column,
                "path": finding.path.to_string(),
                "message": finding.text,
                "next_step": finding.code.page().next,
            })
        })
        .collect();
    json!({
        "kind": document.kind.folder(),
        "name": document.name,
        "contract": if document.contract == Contract::V1 { "v1" } else { "v2" },
        "file": document.origin.file(),
        "verdict": word(checked.verdict),
        "by": checked.by,
        "findings": findings,
    })
}

/// The findings of a document, one a line, as compilers write them.
pub(super) fn lines(document: &Document, checked: &Checked, worst_only: bool) -> String {
    let wanted = checked
        .findings
        .iter()
        .filter(|finding| !worst_only || finding.severity == Severity::Wrong);
    wanted
        .map(|finding| {
            let place = document.origin.place(&finding.path);
            format!(
                "{}:{}:{}: {}[{}]: {}\n",
                document.origin.file(),
                place.line,
                place.column,
                severity(finding.severity),
                finding.code,
                finding.text
            )
        })
        .collect()
}
