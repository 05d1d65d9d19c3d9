//! What a copy says of itself when it is done.

use crate::stage::Cargo;
use serde_json::json;
use sluice_contract::Object;
use sluice_contract::job::CopyOutcome;
use sluice_store_core::{Committed, Sink, Source};

/// The outcome, but for its times and stages.
pub(crate) fn outcome(source: &dyn Source, sink: &dyn Sink, cargo: Cargo, committed: Committed) -> CopyOutcome {
    let Cargo {
        rows_read,
        staged,
        hash,
    } = cargo;
    let mut warnings = source.warnings();
    if committed.replayed {
        warnings.push("an earlier run of this attempt had committed already; nothing was written twice".to_owned());
    }
    CopyOutcome {
        rows_read,
        rows_copied: staged.rows,
        bytes_read: source.bytes_read(),
        bytes_written: if staged.bytes > 0 {
            staged.bytes
        } else {
            sink.bytes_written()
        },
        location: committed.location,
        content_hash: hash.to_string(),
        warnings,
        extra: verification(),
        ..CopyOutcome::default()
    }
}

/// What the verification of every copy was, for ADF's `dataConsistencyVerification`.
fn verification() -> Object {
    // A copy whose rows differ has ended before; their values are not read back.
    let facts = json!({ "VerificationResult": "Verified", "InconsistentData": "None", "verified": "rows" });
    Object::from_iter([("dataConsistencyVerification".to_owned(), facts)])
}
