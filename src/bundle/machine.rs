//! Facts of the machine and of this program.

use chrono::{Local, Utc};
use serde_json::{Map, Value, json};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Of how many files below a directory is told.
const FILES: usize = 2_000;

/// What this program was built as.
pub(super) fn build() -> Value {
    json!({
        "os": std::env::consts::OS,
        "architecture": std::env::consts::ARCH,
        "checked": cfg!(debug_assertions),
    })
}

/// The machine, and the settings of this command; of the variables only the names.
pub(super) fn facts() -> Value {
    let line = |path: &str| {
        let text = std::fs::read_to_string(path).ok()?;
        Some(text.lines().next().unwrap_or_default().trim().to_owned())
    };
    let mut release = Map::new();
    for text in std::fs::read_to_string("/etc/os-release").unwrap_or_default().lines() {
        if let Some((name, value)) = text.split_once('=') {
            release.insert(name.to_owned(), json!(value.trim_matches('"')));
        }
    }
    let mut memory = Map::new();
    for text in std::fs::read_to_string("/proc/meminfo")
        .unwrap_or_default()
        .lines()
        .take(5)
    {
        if let Some((name, value)) = text.split_once(':') {
            memory.insert(name.to_owned(), json!(value.trim()));
        }
    }
    let mut variables: Vec<String> = std::env::vars_os()
        .map(|(name, _)| name.to_string_lossy().into_owned())
        .filter(|name| name.starts_with("SLUICE_") || name.starts_with("OTEL_"))
        .collect();
    variables.sort();
    json!({
        "release": release,
        "kernel": line("/proc/sys/kernel/osrelease"),
        "host": line("/proc/sys/kernel/hostname"),
        "processors": std::thread::available_parallelism().map_or(0, usize::from),
        "memory": memory,
        "memoryOfGroup": line("/sys/fs/cgroup/memory.max"),
        "load": line("/proc/loadavg"),
        "uptime": line("/proc/uptime"),
        "time": Utc::now(),
        "localTime": Local::now().to_rfc3339(),
        "variables": variables,
    })
}

/// The files of a state directory: names, sizes, modes, times. Links are not followed.
pub(super) fn files(directory: &Path) -> Value {
    let mut found = Vec::new();
    list(directory, directory, &mut found);
    json!(found)
}

fn list(root: &Path, folder: &Path, found: &mut Vec<Value>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if found.len() >= FILES {
            return;
        }
        let (path, Ok(metadata)) = (entry.path(), entry.metadata()) else {
            continue;
        };
        let changed = chrono::DateTime::from_timestamp(metadata.mtime(), 0);
        found.push(json!({
            "file": path.strip_prefix(root).unwrap_or(&path).to_string_lossy(),
            "bytes": metadata.len(),
            "mode": format!("{:04o}", metadata.mode() & 0o7777),
            "user": metadata.uid(),
            "changed": changed,
        }));
        if metadata.is_dir() {
            list(root, &path, found);
        }
    }
}
