//! The receipt of a copy that is done, before the factory is told.

use crate::hub::Hub;
use crate::scheduler::LiveJob;
use chrono::Utc;
use serde_json::json;
use sluice_contract::job::{CopyOutcome, CopySpec};
use sluice_contract::receipt::{Place, Receipt, Signed};
use sluice_contract::{Code, Fault};
use std::sync::Arc;

/// A larger receipt is kept by the node alone: the message to the factory has a limit of 192 KiB.
const MAX_IN_OUTPUT: usize = 96 * 1024;

/// Signs a receipt, keeps it, and puts it into the outcome. The copy is committed, whatever becomes of its receipt: what
/// goes wrong is a warning.
pub(crate) async fn issue(hub: &Arc<Hub>, live: &LiveJob, copy: &CopySpec, outcome: &mut CopyOutcome) {
    let spec = &live.spec;
    let receipt = Receipt::of(
        outcome,
        (live.job.clone(), live.attempt, live.token),
        (spec.run.clone(), spec.pipeline.clone(), spec.activity.clone()),
        (Place::of(&copy.source), Place::of(&copy.sink)),
        hub.receipts.signer().who.clone(),
        Utc::now(),
    );
    // The receipt has them; beside it they would only make the message longer.
    outcome.columns = Vec::new();
    let shared = Arc::clone(hub);
    let kept = tokio::task::spawn_blocking(move || keep(&shared, &receipt)).await;
    let kept = kept.unwrap_or_else(|_| Err(Fault::new(Code::Internal, "making the receipt failed unexpectedly")));
    match kept {
        Ok(signed) => {
            let size = signed.payload.len() + signed.protected.len() + signed.signature.len();
            if size <= MAX_IN_OUTPUT {
                outcome.extra.insert("receipt".to_owned(), json!(signed));
            } else {
                let text = "the receipt is too large for the activity's output; the node keeps it";
                outcome.warnings.push(text.to_owned());
            }
        }
        Err(fault) => {
            let fault = Fault::new(Code::ReceiptNotKept, fault.message);
            tracing::error!(job = %live.job, attempt = live.attempt, %fault, "A copy has no receipt.");
            outcome
                .warnings
                .push(format!("{fault}; the copy itself is verified and committed"));
        }
    }
}

/// Blocks.
fn keep(hub: &Hub, receipt: &Receipt) -> Result<Signed, Fault> {
    let signed = hub.receipts.signer().sign(receipt)?;
    hub.receipts.keeper.put(receipt, &signed)?;
    Ok(signed)
}
