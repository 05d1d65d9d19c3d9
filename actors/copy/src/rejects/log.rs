//! Taking down what is left out.

use super::file::LogFile;
use super::{AskedLogs, LogStores, line};
use crate::settings::unsupported;
use async_trait::async_trait;
use chrono::Utc;
use sluice_contract::job::CopyOutcome;
use sluice_contract::{Fault, JobId};
use sluice_store_core::{CommitKey, Connection, RejectLog, Rejected, Rejects, Source};
use std::sync::Arc;
use tokio::sync::Mutex;

/// So many are described in warnings when there is no log.
const TOLD: usize = 5;

/// The logs of one copy.
pub(crate) struct Log {
    files: Mutex<Files>,
    info: bool,
}

#[derive(Default)]
struct Files {
    session: Option<LogFile>,
    redirect: Option<LogFile>,
    told: Vec<String>,
}

/// Where the logs lie.
#[derive(Debug, Default)]
pub(crate) struct Published {
    pub(crate) session: Option<String>,
    pub(crate) redirect: Option<String>,
    /// The first of what was left out, when there is no log that says it.
    pub(crate) told: Vec<String>,
}

impl Log {
    /// The logs that an activity asks for.
    ///
    /// # Errors
    /// `SL4009` when its linked service is not known here, `SL6013` when it is no store of files.
    pub(crate) fn new(asked: &AskedLogs, stores: &LogStores, key: &CommitKey) -> Result<Self, Fault> {
        // Every attempt has its own file.
        let file = format!("{}.csv", JobId::generate());
        let open = |store: &Option<Arc<dyn Connection>>, member: &str, folder: String, head| {
            let store = store
                .as_deref()
                .ok_or_else(|| unsupported(member, "its linked service was not resolved"))?;
            LogFile::new(store, &folder, &file, key, head)
        };
        let session = asked.session.as_ref().map(|path| {
            let folder = format!(
                "{path}/copyactivity-logs/{}/{}",
                safe(&stores.activity),
                safe(&stores.run)
            );
            open(&stores.session, "logSettings", folder, line::SESSION_HEAD)
        });
        let redirect = asked.redirect.as_ref().map(|path| {
            let folder = format!("{path}/{}", safe(&stores.run));
            open(&stores.redirect, "redirectIncompatibleRowSettings", folder, "")
        });
        let files = Mutex::new(Files {
            session: session.transpose()?,
            redirect: redirect.transpose()?,
            told: Vec::new(),
        });
        Ok(Self {
            files,
            info: asked.info,
        })
    }

    /// Says which files were read, where the session log is to tell that.
    ///
    /// # Errors
    /// `SL60xx` of its store.
    pub(crate) async fn read_files(&self, source: &dyn Source) -> Result<(), Fault> {
        let mut files = self.files.lock().await;
        let Some(log) = files.session.as_mut().filter(|_| self.info) else {
            return Ok(());
        };
        let mut last = None;
        for entry in source
            .partitions()
            .iter()
            .filter_map(|partition| source.file(partition))
        {
            // The partitions of one file follow each other.
            if last != Some(&entry.path) {
                let line = line::file_read(Utc::now(), &entry.label(), entry.size);
                log.write(&line).await.map_err(not_written)?;
                last = Some(&entry.path);
            }
        }
        Ok(())
    }

    /// Says that a file that is copied as it is was read, or written, where the session log is to tell that.
    ///
    /// # Errors
    /// `SL60xx` of its store.
    pub(crate) async fn moved_file(&self, is_read: bool, path: &str, bytes: u64) -> Result<(), Fault> {
        if !self.info {
            return Ok(());
        }
        let mut files = self.files.lock().await;
        let Some(log) = files.session.as_mut() else {
            return Ok(());
        };
        let now = Utc::now();
        let line = match is_read {
            true => line::file_read(now, path, bytes),
            false => line::file_written(now, path, bytes),
        };
        log.write(&line).await.map_err(not_written)
    }

    /// Makes the logs visible.
    ///
    /// # Errors
    /// `SL60xx` of their stores.
    pub(crate) async fn publish(&self) -> Result<Published, Fault> {
        let mut files = self.files.lock().await;
        let mut published = Published {
            told: files.told.clone(),
            ..Published::default()
        };
        if let Some(file) = &mut files.session {
            published.session = file.publish().await.map_err(not_written)?;
        }
        if let Some(file) = &mut files.redirect {
            published.redirect = file.publish().await.map_err(not_written)?;
        }
        Ok(published)
    }
}

#[async_trait]
impl RejectLog for Log {
    async fn put(&self, rejected: Rejected) -> Result<(), Fault> {
        let mut files = self.files.lock().await;
        if files.session.is_none() && files.redirect.is_none() && files.told.len() < TOLD {
            files.told.push(line::told(&rejected));
        }
        if let Some(file) = &mut files.session {
            let line = line::session(Utc::now(), &rejected);
            file.write(&line).await.map_err(not_written)?;
        }
        if let Some(file) = &mut files.redirect
            && !rejected.record.is_empty()
        {
            file.write(&line::redirected(&rejected)).await.map_err(not_written)?;
        }
        Ok(())
    }
}

fn not_written(fault: Fault) -> Fault {
    fault.context("writing the log of what is left out")
}

/// A name as one part of a path.
fn safe(name: &str) -> String {
    let safe = |c: char| {
        if c.is_control() || "/\\:*?\"<>|".contains(c) {
            '_'
        } else {
            c
        }
    };
    match name.chars().map(safe).collect::<String>() {
        name if name.trim_matches('.').is_empty() => "_".to_owned(),
        name => name,
    }
}

impl Published {
    /// Says in the outcome what was left out, and where that is written.
    pub(crate) fn tell(self, rejects: Option<&Rejects>, outcome: &mut CopyOutcome) {
        let (rows, files) = rejects.map_or((0, 0), |rejects| (rejects.rows(), rejects.files()));
        if files > 0 {
            outcome.extra.insert("filesSkipped".to_owned(), files.into());
        }
        for (name, place) in [("logFilePath", &self.session), ("redirectRowPath", &self.redirect)] {
            if let Some(place) = place {
                outcome.extra.insert(name.to_owned(), place.as_str().into());
            }
        }
        let what: Vec<String> = [(rows, "row"), (files, "file")]
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}{}", if *count == 1 { " was" } else { "s were" }))
            .collect();
        if what.is_empty() {
            return;
        }
        let what = what.join(" and ");
        let text = match self.session.or(self.redirect) {
            Some(place) => format!("{what} left out; see {place}"),
            None => format!("{what} left out; the first: {}", self.told.join("; ")),
        };
        outcome.warnings.push(text);
    }
}
