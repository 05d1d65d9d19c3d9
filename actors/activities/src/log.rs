//! The log of an activity, as a file in the store that its settings name. It is made with the first line.

use crate::TaskJob;
use crate::settings::{flag, property, string};
use bytes::Bytes;
use serde_json::Value;
use sluice_contract::document::member;
use sluice_contract::{Fault, Object};
use sluice_store_core::CommitKey;
use sluice_store_core::files::{ByteStage, ByteStore, Target};
use std::sync::Arc;

pub(crate) struct Log {
    store: Arc<dyn ByteStore>,
    target: Target,
    key: CommitKey,
    text: String,
    stage: Option<Box<dyn ByteStage>>,
}

impl Log {
    /// The log of a Delete: `enableLogging` with `logStorageSettings`.
    ///
    /// # Errors
    /// `SL6013` when it is asked for without a place.
    pub(crate) fn of_delete(job: &TaskJob<'_>) -> Result<Option<Self>, Fault> {
        let settings = &job.spec.settings;
        if !flag(settings, "enableLogging")?.unwrap_or(false) {
            return Ok(None);
        }
        let place = member(settings, "logStorageSettings").and_then(Value::as_object);
        let place = place.ok_or_else(|| property("`enableLogging` is set, and `logStorageSettings` is missing"))?;
        let mut log = Self::open(job, place, "csv")?;
        log.text.push_str("Name,Category,Status,Error\n");
        Ok(Some(log))
    }

    /// The log of a Script: `logSettings` with the destination `ExternalStore`.
    ///
    /// # Errors
    /// `SL6013` when it is asked for without a place.
    pub(crate) fn of_script(job: &TaskJob<'_>) -> Result<Option<Self>, Fault> {
        let Some(log) = member(&job.spec.settings, "logSettings").and_then(Value::as_object) else {
            return Ok(None);
        };
        let elsewhere = string(log, "logDestination")?.is_some_and(|word| word.eq_ignore_ascii_case("ExternalStore"));
        let place = member(log, "logLocationSettings").and_then(Value::as_object);
        match place.filter(|_| elsewhere) {
            Some(place) => Self::open(job, place, "txt").map(Some),
            None if elsewhere => Err(property("`logSettings` has no `logLocationSettings`")),
            None => Ok(None),
        }
    }

    fn open(job: &TaskJob<'_>, place: &Object, ending: &str) -> Result<Self, Fault> {
        let missing = |why: &str| property(format!("the log cannot be written: {why}"));
        let store = job.log.as_ref().and_then(|connection| connection.files());
        let store = store.ok_or_else(|| missing("its linked service is not a store of files"))?;
        let folder = string(place, "path")?.unwrap_or_default().to_owned();
        let mut parts = folder.split('/').filter(|part| !part.is_empty());
        let container = match store.has_containers() {
            true => parts.next().ok_or_else(|| missing("its `path` names no container"))?,
            false => "",
        };
        // Each attempt has its own file: an earlier one has told what it did.
        let file = format!("{}_{}.{ending}", job.activity_run, job.key.attempt);
        let path: Vec<&str> = parts.chain([file.as_str()]).collect();
        Ok(Self {
            target: Target {
                container: container.to_owned(),
                path: path.join("/"),
            },
            store,
            key: job.key.clone(),
            text: String::new(),
            stage: None,
        })
    }

    /// Adds a line.
    ///
    /// # Errors
    /// `SL60xx` of its store.
    pub(crate) async fn line(&mut self, line: &str) -> Result<(), Fault> {
        if self.stage.is_none() {
            self.stage = Some(self.store.stage(&self.target, &self.key).await?);
        }
        self.text.push_str(line);
        self.text.push('\n');
        match &self.stage {
            Some(stage) if self.text.len() >= stage.block_bytes() => self.flush().await,
            _ => Ok(()),
        }
    }

    /// Makes the file visible; its place, when there is one.
    ///
    /// # Errors
    /// `SL60xx` of its store.
    pub(crate) async fn publish(&mut self) -> Result<Option<String>, Fault> {
        if self.stage.is_none() {
            return Ok(None);
        }
        self.flush().await?;
        if let Some(mut stage) = self.stage.take() {
            stage.finish().await?;
            stage.publish().await?;
        }
        Ok(Some(match self.target.container.as_str() {
            "" => self.target.path.clone(),
            container => format!("{container}/{}", self.target.path),
        }))
    }

    async fn flush(&mut self) -> Result<(), Fault> {
        if let Some(stage) = &mut self.stage
            && !self.text.is_empty()
        {
            stage.write(Bytes::from(std::mem::take(&mut self.text))).await?;
        }
        Ok(())
    }
}

/// A field of a CSV file.
pub(crate) fn field(text: &str) -> String {
    match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}
