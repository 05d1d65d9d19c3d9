//! What a copy says of itself when it is done.

use crate::parts::TakenOver;
use crate::stage::Cargo;
use crate::verify::Compared;
use serde_json::json;
use sluice_contract::Object;
use sluice_contract::job::{ColumnDigest, CopyOutcome};
use sluice_store_core::{Committed, Sink, Source};

/// The outcome, but for its times and stages.
pub(crate) fn outcome(source: &dyn Source, sink: &dyn Sink, cargo: Cargo, committed: Committed) -> CopyOutcome {
    let mut warnings = source.warnings();
    if committed.replayed {
        warnings.push("an earlier run of this attempt had committed already; nothing was written twice".to_owned());
    }
    if let Compared::Impossible(why) = &cargo.compared {
        warnings.push(format!("`validateDataConsistency`: only the rows were counted: {why}"));
    }
    let mut extra = Object::from_iter([("dataConsistencyVerification".to_owned(), verification(&cargo))]);
    if let Some(how) = &cargo.taken.how {
        extra.insert("resumed".to_owned(), resumed(&cargo.taken, how));
        if cargo.taken.known.is_empty() {
            warnings.push(format!("what an earlier attempt had staged was of no use: {how}"));
        }
    }
    if cargo.of_others > 0 {
        extra.insert("shared".to_owned(), json!({ "partitions": cargo.of_others }));
    }
    let columns = columns(&cargo);
    CopyOutcome {
        rows_read: cargo.rows_read,
        rows_copied: cargo.staged.rows,
        rows_skipped: cargo.rows_skipped,
        bytes_read: source.bytes_read(),
        bytes_written: match cargo.staged.bytes {
            0 => sink.bytes_written(),
            staged => staged,
        },
        location: committed.location,
        content_hash: cargo.hash.to_string(),
        content_form: cargo.native.map(|format| format.name.to_owned()).unwrap_or_default(),
        columns,
        warnings,
        extra,
        ..CopyOutcome::default()
    }
}

/// The hash of every column; one without any row is zero.
fn columns(cargo: &Cargo) -> Vec<ColumnDigest> {
    let digest = |(place, name): (usize, &String)| ColumnDigest {
        name: name.clone(),
        hash: format!("{:016x}", cargo.hash.columns().get(place).copied().unwrap_or_default()),
    };
    let names = cargo.schema.fields().iter().map(|field| field.name());
    names.enumerate().map(digest).collect()
}

/// What this attempt did not have to copy again.
fn resumed(taken: &TakenOver, how: &str) -> serde_json::Value {
    json!({ "parts": taken.known.len(), "rows": taken.rows(), "how": how })
}

/// What the verification was, for ADF's `dataConsistencyVerification`. A copy that differs has ended before.
fn verification(cargo: &Cargo) -> serde_json::Value {
    let verified = match cargo.compared {
        Compared::Same(_) => "rows and content",
        Compared::Unasked | Compared::Impossible(_) => "rows",
    };
    let inconsistent = if cargo.rows_skipped > 0 { "Skipped" } else { "None" };
    json!({ "VerificationResult": "Verified", "InconsistentData": inconsistent, "verified": verified })
}
