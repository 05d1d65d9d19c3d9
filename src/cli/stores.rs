//! `sluice stores`.

use super::output::{Output, table};
use serde_json::json;
use sluice_contract::Fault;

pub(super) fn run(output: &Output) -> Result<(), Fault> {
    let stores = crate::registry::stores();
    let kinds: Vec<_> = stores.kinds().collect();
    output.print(&json!(kinds), |_| {
        let mark = |yes: bool| if yes { "yes" } else { "-" }.to_owned();
        let rows: Vec<_> = kinds
            .iter()
            .map(|kind| {
                let can = kind.capabilities;
                vec![
                    kind.title.to_owned(),
                    mark(can.read),
                    mark(can.write),
                    mark(can.partitions),
                    mark(can.snapshot),
                    mark(can.exactly_once),
                    kind.linked_services.join(", "),
                ]
            })
            .collect();
        table(
            &[
                "STORE",
                "READ",
                "WRITE",
                "PARTITIONS",
                "SNAPSHOT",
                "EXACTLY ONCE",
                "LINKED SERVICES",
            ],
            &rows,
        )
    });
    Ok(())
}
