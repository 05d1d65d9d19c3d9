//! `sluice validate`: what will run, what is stored only, and why.

use super::args::ValidateArgs;
use super::{collect, heritage, known, report};
use crate::cli::output::{Output, table};
use serde_json::{Value, json};
use sluice_contract::{Code, Fault};
use sluice_documents::{Checked, Document, Kind, Values, Verdict, check};

pub(crate) fn run(args: &ValidateArgs, output: &Output) -> Result<(), Fault> {
    let values = collect::values(&args.documents, Values::of("default", "default", &args.factory_name))?;
    let mut read = collect::collect(&args.documents, &values)?;
    let carried = heritage::carry_over(std::mem::take(&mut read.documents));
    let elsewhere = |_: Kind, _: &str| args.partial;
    let documents = &carried.documents;
    let mut checked = check(documents, &known::known(&elsewhere));
    carried.tell(&mut checked);
    let count = |verdict: Verdict| checked.iter().filter(|one| one.verdict == verdict).count();
    let (runs, stored, wrong) = (count(Verdict::Runs), count(Verdict::Stored), count(Verdict::Wrong));
    let all: Vec<Value> = documents
        .iter()
        .zip(&checked)
        .map(|(document, checked)| report::to_json(document, checked))
        .collect();
    let skipped: Vec<Value> = read
        .skipped
        .iter()
        .map(|skipped| json!({ "what": skipped.what, "why": skipped.why }))
        .collect();
    let value = json!({
        "documents": all,
        "skipped": skipped,
        "counts": { "runs": runs, "stored": stored, "wrong": wrong },
    });
    output.print(&value, |_| text(documents, &checked));
    if !output.is_json() {
        collect::tell_skipped(&read.skipped);
    }
    if wrong > 0 || (args.strict && stored > 0) {
        let of = collect::counted(documents);
        let what = format!("of {of}, {wrong} are wrong and {stored} are stored only");
        return Err(Fault::new(Code::DocumentsWrong, what));
    }
    Ok(())
}

fn text(documents: &[Document], checked: &[Checked]) -> String {
    let rows: Vec<Vec<String>> = documents
        .iter()
        .zip(checked)
        .map(|(document, checked)| {
            vec![
                report::word(checked.verdict).to_owned(),
                document.kind.to_string(),
                document.name.clone(),
                checked.by.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let findings: String = documents
        .iter()
        .zip(checked)
        .map(|(document, checked)| report::lines(document, checked, false))
        .collect();
    let gap = if findings.is_empty() { "" } else { "\n" };
    table(&["VERDICT", "KIND", "NAME", "SERVED BY"], &rows) + gap + &findings
}
