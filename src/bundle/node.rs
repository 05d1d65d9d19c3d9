//! The bundle of a node. The agent may run or not: what only a running one can say is then missing.

use super::{Bundle, checked, machine};
use serde_json::{Value, json};
use sluice_agent::{admin, exports, keys, receipts, support};
use sluice_contract::{Code, Fault};
use std::path::Path;

/// How many receipts are named.
const RECEIPTS: usize = 1_000;

/// The archive of a node, of so many bytes before it is compressed, and its manifest.
pub(crate) async fn of_node(state: &Path, most: usize) -> Result<(Vec<u8>, Value), Fault> {
    let mut bundle = Bundle::new("gateway", most, support::secrets(state).await);
    let status = admin::status(state).await;
    let mut checks: Vec<Value> = support::checks(state)
        .await
        .iter()
        .map(|check| checked(check.name, &check.outcome))
        .collect();
    match &status {
        Ok(status) => {
            checks.push(checked(
                "agent",
                &Ok(format!("{:?}, {}", status.health, status.overall)),
            ));
            for condition in &status.conditions {
                let fault = Fault::new(condition.code, format!("since {}: {}", condition.since, condition.text));
                checks.push(checked("condition", &Err(fault)));
            }
        }
        Err(fault) => checks.push(checked("agent", &Err(fault.clone()))),
    }
    bundle.json("checks.json", Ok(json!(checks)))?;
    bundle.json("machine.json", Ok(machine::facts()))?;
    bundle.json("files.json", Ok(machine::files(state)))?;
    bundle.json("status.json", status.map(|status| json!(status)))?;
    let actors = admin::actors(state).await;
    bundle.json("actors.json", actors.map(|actors| json!(actors)))?;
    match admin::metrics(state).await {
        Ok(text) => bundle.text("metrics.txt", &text)?,
        Err(fault) => bundle.missing("metrics.txt", &fault),
    }
    bundle.json("configuration.json", support::configuration(state).await)?;
    let certificates = keys::list(state).await;
    bundle.json("certificates.json", certificates.map(|found| json!(found)))?;
    let policy = state.join("policy.toml");
    match std::fs::read_to_string(&policy) {
        Ok(text) => bundle.text("policy.toml", &text)?,
        Err(error) => {
            let why = format!("{}: {error}", policy.display());
            bundle.missing("policy.toml", &Fault::new(Code::FileUnreadable, why));
        }
    }
    let ledger = support::ledger_summary(state).await;
    bundle.json("ledger.json", ledger.map(|ledger| json!(ledger)))?;
    bundle.json("receipts.json", receipts::list(state).map(|kept| named(&kept)))?;
    bundle.json("exports.json", exports::list(state).map(|exports| json!(exports)))?;
    bundle.logs(state, "agent")?;
    bundle.finish()
}

/// The receipts by name: what was copied, not what was in it.
fn named(kept: &[receipts::Kept]) -> Value {
    let one = |kept: &receipts::Kept| {
        let file = kept.file.file_name().map(|name| name.to_string_lossy().into_owned());
        match &kept.receipt {
            None => json!({ "file": file, "readable": false }),
            Some(receipt) => json!({
                "file": file, "job": receipt.job, "run": receipt.run, "pipeline": receipt.pipeline,
                "activity": receipt.activity, "finished": receipt.finished, "rows": receipt.rows.written,
                "verified": receipt.verified,
            }),
        }
    };
    json!({ "kept": kept.len(), "newest": kept.iter().take(RECEIPTS).map(one).collect::<Vec<_>>() })
}
