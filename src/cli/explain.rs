//! `sluice explain`.

use super::args::ExplainArgs;
use super::output::{Output, table};
use serde_json::json;
use sluice_contract::{Code, Fault, codes};

pub(super) fn run(args: &ExplainArgs, output: &Output) -> Result<(), Fault> {
    let Some(text) = &args.code else {
        let all: Vec<_> = codes::ALL.iter().map(|code| code.page()).collect();
        let value = json!(
            all.iter()
                .map(|page| json!({ "code": page.code, "title": page.title }))
                .collect::<Vec<_>>()
        );
        let rows: Vec<_> = all
            .iter()
            .map(|page| vec![page.code.to_owned(), page.title.to_owned()])
            .collect();
        output.print(&value, |_| table(&["CODE", "TITLE"], &rows));
        return Ok(());
    };
    let code = Code::parse(text).ok_or_else(|| {
        Fault::new(
            Code::Usage,
            format!("there is no error code {text:?}; `sluice explain` lists them all"),
        )
    })?;
    let page = code.page();
    let value = json!({ "code": page.code, "title": page.title, "cause": page.cause, "next_step": page.next, "retryable": page.retryable });
    output.print(&value, |_| page.to_markdown());
    Ok(())
}
