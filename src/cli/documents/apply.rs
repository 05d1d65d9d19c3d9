//! `sluice apply`: documents from files to a factory.

use super::args::ApplyArgs;
use super::plan::{Action, Planned, Stock};
use super::{collect, connect, heritage, known, report, send};
use crate::cli::output::{Output, note, table};
use serde_json::{Value, json};
use sluice_contract::{Code, Fault};
use sluice_documents::{Checked, Document, Kind, Values, Verdict, check, order};

pub(crate) async fn run(args: ApplyArgs, output: &Output) -> Result<(), Fault> {
    let place = &args.api;
    let values = Values::of(&place.subscription, &place.resource_group, &place.factory_name);
    let values = collect::values(&args.documents, values)?;
    let read = collect::collect(&args.documents, &values)?;
    let carried = heritage::carry_over(read.documents);
    let documents = &carried.documents;
    let api = connect(&args.api)?;
    let stock = Stock::of(&api, Kind::all()).await?;
    let elsewhere = |kind, name: &str| stock.has(kind, name);
    let mut checked = check(documents, &known::known(&elsewhere));
    carried.tell(&mut checked);
    collect::tell_skipped(&read.skipped);
    if !args.force {
        refuse_mistakes(documents, &checked)?;
    }
    let plans: Vec<Planned> = documents.iter().map(|document| stock.plan(document)).collect();
    let mut done = Vec::new();
    if !args.dry_run && !stock.has(Kind::Factory, "") {
        api.ensure_factory().await?;
    }
    for i in order(documents) {
        let (document, planned) = (&documents[i], &plans[i]);
        let reply = match args.dry_run {
            true => Value::Null,
            false => {
                let context = |fault: Fault| fault.context(document.origin.file());
                send::send(&api, document, planned).await.map_err(context)?
            }
        };
        done.push((document, planned, &checked[i], reply));
    }
    let all: Vec<Value> = done
        .iter()
        .map(|(document, planned, checked, reply)| {
            json!({
                "action": planned.action.word(),
                "kind": document.kind.collection(),
                "name": document.name,
                "file": document.origin.file(),
                "etag": reply["etag"],
                "why": planned.why,
                "verdict": report::word(checked.verdict),
            })
        })
        .collect();
    let rows: Vec<_> = done
        .iter()
        .map(|(document, planned, checked, _)| {
            vec![
                planned.action.word().to_owned(),
                document.kind.to_string(),
                document.name.clone(),
                remark(planned, checked),
            ]
        })
        .collect();
    output.print(&json!(all), |_| table(&["ACTION", "KIND", "NAME", "REMARK"], &rows));
    tell(&plans, args.dry_run, &args.api.factory_name);
    Ok(())
}

/// Nothing is sent when a document is wrong: half of a factory is worse than the one before.
fn refuse_mistakes(documents: &[Document], checked: &[Checked]) -> Result<(), Fault> {
    let wrong = documents
        .iter()
        .zip(checked)
        .filter(|(_, checked)| checked.verdict == Verdict::Wrong);
    let mut count = 0;
    for (document, checked) in wrong {
        count += 1;
        note(report::lines(document, checked, true).trim_end());
    }
    match count {
        0 => Ok(()),
        count => Err(Fault::new(
            Code::DocumentsWrong,
            format!("{count} of {} are wrong; nothing was sent", collect::counted(documents)),
        )),
    }
}

fn remark(planned: &Planned, checked: &Checked) -> String {
    let why = match (planned.why.as_str(), checked.verdict) {
        ("", Verdict::Stored) => "stored, and does not run: see sluice validate",
        (why, _) => why,
    };
    why.to_owned()
}

fn tell(plans: &[Planned], dry: bool, factory: &str) {
    let count = |action: Action| plans.iter().filter(|planned| planned.action == action).count();
    let (created, updated) = (count(Action::Create), count(Action::Update));
    let (same, out) = (count(Action::Unchanged), count(Action::LeftOut));
    let would = if dry { "would be " } else { "" };
    note(format_args!(
        "{created} {would}created, {updated} {would}updated, {same} unchanged, {out} left out in {factory}"
    ));
}
