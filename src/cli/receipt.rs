//! `sluice receipt list`, `show` and `verify`.

use super::args::{ReceiptListArgs, ReceiptShowArgs, ReceiptVerifyArgs};
use super::output::{Output, table};
use crate::api::read_text;
use serde_json::json;
use sluice_agent::receipts::{self, Kept, Trust};
use sluice_contract::receipt::Receipt;
use sluice_contract::{Code, Fault};
use std::path::{Path, PathBuf};

pub(super) fn list(args: &ReceiptListArgs, output: &Output) -> Result<(), Fault> {
    let kept = receipts::list(&args.state.dir())?;
    output.print(&json!(kept), |_| {
        let row = |kept: &Kept| {
            let file = kept
                .file
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let Some(receipt) = &kept.receipt else {
                let unknown = "-".to_owned();
                return vec![unknown.clone(), unknown.clone(), unknown.clone(), unknown, file];
            };
            vec![
                receipt.finished.format("%Y-%m-%d %H:%M:%S").to_string(),
                receipt.pipeline.clone(),
                receipt.rows.written.to_string(),
                receipt.verified.clone(),
                file,
            ]
        };
        let rows: Vec<_> = kept.iter().map(row).collect();
        table(&["FINISHED", "PIPELINE", "ROWS", "VERIFIED", "FILE"], &rows)
    });
    Ok(())
}

pub(super) fn show(args: &ReceiptShowArgs, output: &Output) -> Result<(), Fault> {
    let path = found(&args.receipt, &args.state.dir())?;
    let receipt = receipts::read(&read_text(&path)?)?;
    output.print(&json!(receipt), |_| describe(&receipt));
    super::note("This is what the receipt says. Whether it is genuine: sluice receipt verify FILE");
    Ok(())
}

pub(super) fn verify(args: &ReceiptVerifyArgs, output: &Output) -> Result<(), Fault> {
    let trust = trust(args)?;
    let signed = receipts::open(&read_text(&args.file)?)?;
    let genuine = receipts::verify(&signed, &trust).map_err(|fault| fault.context(args.file.display()))?;
    let value = json!({
        "genuine": true,
        "nodeCertificate": genuine.node_certificate,
        "caCertificate": genuine.ca_certificate,
        "receipt": genuine.receipt,
    });
    output.print(&value, |_| {
        let mut text = describe(&genuine.receipt);
        text += &format!("{:<12} {}\n", "Certificate", genuine.node_certificate);
        text += &format!(
            "{:<12} {}\n\nGenuine: signed by this node, unchanged since.\n",
            "CA", genuine.ca_certificate
        );
        text
    });
    Ok(())
}

/// A receipt's file: the one that is named, or the newest of a job in the node's folder.
fn found(named: &str, state: &Path) -> Result<PathBuf, Fault> {
    let path = PathBuf::from(named);
    if path.is_file() || named == "-" {
        return Ok(path);
    }
    let of_job = |kept: &Kept| {
        kept.receipt
            .as_ref()
            .is_some_and(|receipt| receipt.job.as_str() == named)
    };
    let kept = receipts::list(state)?.into_iter().find(of_job);
    kept.map(|kept| kept.file).ok_or_else(|| {
        let text = format!(
            "there is no file {named}, and {} holds no receipt of such a job",
            state.display()
        );
        Fault::new(Code::NotFound, text)
    })
}

/// The CA or fingerprint that was named; else the CA of the node's own factory.
fn trust(args: &ReceiptVerifyArgs) -> Result<Trust, Fault> {
    if let Some(text) = &args.fingerprint {
        return fingerprint(text).map(Trust::Fingerprint).ok_or_else(|| {
            let text = format!("{text:?} is not a SHA-256: 64 hexadecimal digits, with or without colons");
            Fault::new(Code::Usage, text)
        });
    }
    if let Some(file) = &args.ca {
        return read_text(file).map(Trust::Ca);
    }
    let own = args.state.dir().join("ca.pem");
    if own.is_file() {
        return read_text(&own).map(Trust::Ca);
    }
    let text = "say whom to believe: --ca FILE with the factory's CA certificate, or --fingerprint with its SHA-256";
    Err(Fault::new(Code::Usage, text))
}

fn fingerprint(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text.bytes().filter(|c| *c != b':').collect();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(bytes)
}

fn describe(receipt: &Receipt) -> String {
    let Receipt { rows, bytes, node, .. } = receipt;
    let seconds = (receipt.finished - receipt.started).as_seconds_f64();
    let time = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M:%S UTC").to_string();
    let mut text = String::new();
    let files = receipt.files.map(|files| {
        let (read, written, skipped) = (files.read, files.written, files.skipped);
        format!("{read} read, {written} written, {skipped} left out")
    });
    let lines = [
        ("Job", format!("{}, attempt {}", receipt.job, receipt.attempt)),
        (
            "Run",
            format!("{}, {} / {}", receipt.run, receipt.pipeline, receipt.activity),
        ),
        (
            "Source",
            format!("{} ({})", receipt.source.linked_service, receipt.source.kind),
        ),
        (
            "Sink",
            format!("{} ({})", receipt.sink.linked_service, receipt.sink.kind),
        ),
        ("Location", receipt.location.clone()),
        (
            "Rows",
            format!(
                "{} read, {} written, {} left out",
                rows.read, rows.written, rows.skipped
            ),
        ),
        ("Bytes", format!("{} read, {} written", bytes.read, bytes.written)),
        ("Files", files.unwrap_or_default()),
        ("Verified", receipt.verified.clone()),
        ("Finished", format!("{}, after {seconds:.1} s", time(receipt.finished))),
        (
            "Node",
            format!(
                "{} ({}), gateway {} of {}",
                node.name, node.id, node.gateway_name, node.factory_name
            ),
        ),
        ("Version", node.version.clone()),
        ("Content", format!("{} of {}", receipt.content.rows, receipt.content.of)),
    ];
    for (name, value) in lines.into_iter().filter(|(_, value)| !value.is_empty()) {
        text += &format!("{name:<12} {value}\n");
    }
    for warning in &receipt.warnings {
        text += &format!("{:<12} {warning}\n", "Warning");
    }
    let columns = receipt.content.columns.iter();
    let columns: Vec<_> = columns
        .map(|column| vec![column.name.clone(), column.hash.clone()])
        .collect();
    if !columns.is_empty() {
        text += "\n";
        text += &table(&["COLUMN", "HASH"], &columns);
        text += "\n";
    }
    text
}
