//! Documents of Data Factory v1 among the others: carried over before they are checked and sent.

use serde_json::Value;
use sluice_adf_v1::{Kind as OldKind, Note, Old, Translated, translate};
use sluice_contract::Code;
use sluice_documents::{Checked, Contract, Document, Finding, Kind, Path, Severity, Step, Verdict};

/// Documents of today, and what is to be known about those that come from v1.
pub(super) struct CarriedOver {
    pub(super) documents: Vec<Document>,
    /// Findings by the place of a document.
    notes: Vec<(usize, Finding)>,
}

/// Puts documents of today in place of v1's.
pub(super) fn carry_over(all: Vec<Document>) -> CarriedOver {
    let (old, mut documents): (Vec<Document>, Vec<Document>) = all
        .into_iter()
        .partition(|document| document.contract == Contract::V1 && old_kind(document.kind).is_some());
    let list: Vec<Old<'_>> = old
        .iter()
        .filter_map(|document| {
            Some(Old {
                kind: old_kind(document.kind)?,
                name: &document.name,
                body: &document.body,
            })
        })
        .collect();
    let translation = translate(&list);
    let mut first = vec![None; old.len()];
    for made in &translation.documents {
        first[made.of].get_or_insert(documents.len());
        documents.push(today(made, &old[made.of]));
    }
    // What could not be carried over at all is shown as it was.
    for (of, place) in first.iter_mut().enumerate() {
        if place.is_none() {
            *place = Some(documents.len());
            documents.push(old[of].clone());
        }
    }
    let notes = translation
        .notes
        .iter()
        .filter_map(|note| Some((first[note.of]?, finding(note))));
    CarriedOver {
        notes: notes.collect(),
        documents,
    }
}

impl CarriedOver {
    /// Adds what is to be known to what was found out.
    pub(super) fn tell(&self, checked: &mut [Checked]) {
        for (place, finding) in &self.notes {
            let one = &mut checked[*place];
            if finding.severity == Severity::Wrong {
                one.verdict = Verdict::Wrong;
                one.by = None;
            }
            let at = one.findings.iter().position(|other| other.severity < finding.severity);
            one.findings.insert(at.unwrap_or(one.findings.len()), finding.clone());
        }
    }
}

fn old_kind(kind: Kind) -> Option<OldKind> {
    match kind {
        Kind::IntegrationRuntime => Some(OldKind::Gateway),
        Kind::LinkedService => Some(OldKind::LinkedService),
        Kind::Dataset => Some(OldKind::Dataset),
        Kind::Pipeline => Some(OldKind::Pipeline),
        _ => None,
    }
}

fn today(made: &Translated, old: &Document) -> Document {
    Document {
        kind: match made.kind {
            OldKind::Gateway => Kind::IntegrationRuntime,
            OldKind::LinkedService => Kind::LinkedService,
            OldKind::Dataset => Kind::Dataset,
            OldKind::Pipeline => Kind::Pipeline,
            OldKind::Trigger => Kind::Trigger,
        },
        contract: Contract::V1,
        name: made.name.clone(),
        body: made.body.clone(),
        origin: old.origin.clone(),
        open: old.open.clone(),
    }
}

fn finding(note: &Note) -> Finding {
    let step = |value: &Value| match value.as_u64().and_then(|number| usize::try_from(number).ok()) {
        Some(number) => Step::Index(number),
        None => Step::Name(value.as_str().unwrap_or_default().to_owned()),
    };
    Finding {
        severity: if note.code.is_some() {
            Severity::Wrong
        } else {
            Severity::Note
        },
        code: note.code.unwrap_or(Code::OldDocumentRefused),
        path: Path(note.path.iter().map(step).collect()),
        text: note.text.clone(),
    }
}
