//! What is sent to whoever helps: one archive that says how a node or a factory is, and no secret.
//!
//! Every part is scrubbed before it goes in. Parts and archive are bounded; what was left out, and what could not be had, stands in
//! `manifest.json`.

mod factory;
mod machine;
mod node;
mod scrub;
#[cfg(test)]
mod tests;

pub(crate) use factory::of_factory;
pub(crate) use node::of_node;

use crate::logging;
use chrono::Utc;
use scrub::Scrubber;
use serde_json::{Value, json};
use sluice_contract::{Code, Fault};
use std::io::{Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;
use zeroize::Zeroizing;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The longest that a part other than a log may be.
const PART: usize = 2 * 1024 * 1024;

/// An archive that is being put together.
pub(crate) struct Bundle {
    role: &'static str,
    scrubber: Scrubber,
    /// Bytes that may still go in.
    left: usize,
    zip: ZipWriter<Cursor<Vec<u8>>>,
    /// What went in, and how many bytes of it did not.
    parts: Vec<Value>,
    /// What could not be had, and why.
    missing: Vec<Value>,
}

/// Whether something is in order, as it stands in `checks.json`.
fn checked(name: &str, outcome: &Result<String, Fault>) -> Value {
    match outcome {
        Ok(text) => json!({ "name": name, "outcome": "ok", "text": text }),
        Err(fault) => json!({ "name": name, "outcome": "failed", "code": fault.code, "text": fault.message }),
    }
}

impl Bundle {
    /// One of a node (`gateway`) or a `factory`, of so many bytes before it is compressed. These secrets are taken out wherever
    /// they stand.
    fn new(role: &'static str, most: usize, secrets: Vec<Zeroizing<String>>) -> Self {
        Self {
            role,
            scrubber: Scrubber::new(secrets),
            left: most,
            zip: ZipWriter::new(Cursor::new(Vec::new())),
            parts: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Says that something is not there, and why.
    fn missing(&mut self, part: &str, why: &Fault) {
        let why = self.scrubber.text(&format!("{}: {}", why.code, why.message));
        self.missing.push(json!({ "part": part, "why": why }));
    }

    /// Adds a document, or says why it is not there.
    fn json(&mut self, file: &str, value: Result<Value, Fault>) -> Result<(), Fault> {
        match value {
            Ok(mut value) => {
                scrub::members(&mut value);
                let text =
                    serde_json::to_string_pretty(&value).map_err(|e| Fault::new(Code::Internal, e.to_string()))?;
                self.text(file, &text)
            }
            Err(fault) => {
                self.missing(file, &fault);
                Ok(())
            }
        }
    }

    /// Adds a text, its beginning where there is no room for all of it.
    fn text(&mut self, file: &str, text: &str) -> Result<(), Fault> {
        let text = self.scrubber.text(text);
        let room = floor(&text, PART.min(self.left));
        let left_out = (text.len() - room) as u64;
        self.write(file, &text[..room], left_out)
    }

    /// Adds a file of the log, its newest lines where there is no room for all of it.
    fn log(&mut self, file: &str, path: &Path) -> Result<(), Fault> {
        let (text, skipped) = match tail(path, self.left) {
            Ok(read) => read,
            Err(error) => {
                let why = format!("{}: {error}", path.display());
                self.missing(file, &Fault::new(Code::FileUnreadable, why));
                return Ok(());
            }
        };
        // What is left out may make it longer.
        let text = self.scrubber.text(&text);
        let from = lines_from(&text, self.left);
        self.write(file, &text[from..], skipped + from as u64)
    }

    /// The two files of the log, the newer first: the older gets the room that is left.
    fn logs(&mut self, state: &Path, name: &str) -> Result<(), Fault> {
        let [older, newer] = logging::files(state, name);
        let older = Some(older).filter(|file| file.exists());
        for path in [newer].iter().chain(&older) {
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            self.log(&format!("logs/{file}"), path)?;
        }
        Ok(())
    }

    /// `file` is a name of this module's own: below the archive, and of plain letters.
    fn write(&mut self, file: &str, text: &str, left_out: u64) -> Result<(), Fault> {
        let failed = |e: &dyn std::fmt::Display| Fault::new(Code::Internal, format!("{file} in the bundle: {e}"));
        if !is_safe(file) {
            return Err(failed(&"its name leads elsewhere"));
        }
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .unix_permissions(0o600);
        self.zip.start_file(file, options).map_err(|e| failed(&e))?;
        self.zip.write_all(text.as_bytes()).map_err(|e| failed(&e))?;
        self.left -= text.len().min(self.left);
        let mut part = json!({ "file": file, "bytes": text.len() });
        if left_out > 0 {
            part["leftOut"] = left_out.into();
        }
        self.parts.push(part);
        Ok(())
    }

    /// Adds the manifest; the archive, and what the manifest says.
    fn finish(mut self) -> Result<(Vec<u8>, Value), Fault> {
        let manifest = json!({
            "format": 1,
            "product": "sluice",
            "role": self.role,
            "version": env!("CARGO_PKG_VERSION"),
            "build": machine::build(),
            "made": Utc::now(),
            "parts": self.parts,
            "missing": self.missing,
        });
        // It may be short of room, but a bundle without it says nothing of that.
        let text = serde_json::to_string_pretty(&manifest).map_err(|e| Fault::new(Code::Internal, e.to_string()))?;
        self.write("manifest.json", &text, 0)?;
        let bytes = self.zip.finish();
        let bytes = bytes.map_err(|e| Fault::new(Code::Internal, format!("the bundle: {e}")))?;
        Ok((bytes.into_inner(), manifest))
    }
}

/// Relative, without a step up, and nothing that a shell or another system takes for more than a name.
fn is_safe(file: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    file.split('/')
        .all(|part| !part.is_empty() && !part.starts_with('.') && part.chars().all(plain))
}

/// The last whole lines of a file that are at most so long, and how many bytes are before them. Of a line that is cut nothing is
/// taken: it could be what stands behind `password=`.
fn tail(path: &Path, most: usize) -> std::io::Result<(String, u64)> {
    let mut file = std::fs::File::open(path)?;
    let mut skipped = file.metadata()?.len().saturating_sub(most as u64);
    file.seek(SeekFrom::Start(skipped))?;
    let mut bytes = Vec::new();
    file.take(most as u64).read_to_end(&mut bytes)?;
    if skipped > 0 {
        let line_end = bytes.iter().position(|byte| *byte == b'\n');
        let cut = line_end.map_or(bytes.len(), |at| at + 1);
        bytes.drain(..cut);
        skipped += cut as u64;
    }
    Ok((String::from_utf8_lossy(&bytes).into_owned(), skipped))
}

/// Where the newest whole lines begin that are at most so long.
fn lines_from(text: &str, most: usize) -> usize {
    if text.len() <= most {
        return 0;
    }
    let from = text.len() - most;
    let line_end = text.as_bytes()[from..].iter().position(|byte| *byte == b'\n');
    line_end.map_or(text.len(), |at| from + at + 1)
}

/// The longest beginning of at most so many bytes.
fn floor(text: &str, most: usize) -> usize {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}
