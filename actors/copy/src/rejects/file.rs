//! A log file: written in blocks as large as its store wants them, so that it needs the memory of one, and made only
//! when there is something to write.

use bytes::Bytes;
use sluice_contract::{Code, Fault};
use sluice_store_core::files::{ByteStage, ByteStore, Target};
use sluice_store_core::{CommitKey, Connection};
use std::sync::Arc;

pub(super) struct LogFile {
    store: Arc<dyn ByteStore>,
    target: Target,
    key: CommitKey,
    head: &'static str,
    stage: Option<Box<dyn ByteStage>>,
    buffer: Vec<u8>,
}

impl LogFile {
    /// A file in a folder; in a store with containers, the folder's first part is the container.
    ///
    /// # Errors
    /// `SL6013` when the linked service is not one of files, or the folder names no container.
    pub(super) fn new(
        connection: &dyn Connection,
        folder: &str,
        file: &str,
        key: &CommitKey,
        head: &'static str,
    ) -> Result<Self, Fault> {
        let missing = |why: &str| Fault::new(Code::PropertyMissing, format!("the log cannot be written: {why}"));
        let store = connection
            .files()
            .ok_or_else(|| missing("its linked service is not a store of files"))?;
        let mut parts = folder.split('/').filter(|part| !part.is_empty());
        let container = match store.has_containers() {
            true => parts.next().ok_or_else(|| missing("its `path` names no container"))?,
            false => "",
        };
        let path: Vec<&str> = parts.chain([file]).collect();
        Ok(Self {
            target: Target {
                container: container.to_owned(),
                path: path.join("/"),
            },
            store,
            key: key.clone(),
            head,
            stage: None,
            buffer: Vec::new(),
        })
    }

    /// Container and path.
    pub(super) fn label(&self) -> String {
        match self.target.container.as_str() {
            "" => self.target.path.clone(),
            container => format!("{container}/{}", self.target.path),
        }
    }

    pub(super) async fn write(&mut self, line: &str) -> Result<(), Fault> {
        if self.stage.is_none() {
            self.stage = Some(self.store.stage(&self.target, &self.key).await?);
            self.buffer.extend_from_slice(self.head.as_bytes());
        }
        self.buffer.extend_from_slice(line.as_bytes());
        match &self.stage {
            Some(stage) if self.buffer.len() >= stage.block_bytes() => self.flush().await,
            _ => Ok(()),
        }
    }

    /// Makes the file visible; its place, when there is one.
    pub(super) async fn publish(&mut self) -> Result<Option<String>, Fault> {
        if self.stage.is_none() {
            return Ok(None);
        }
        self.flush().await?;
        if let Some(stage) = &mut self.stage {
            stage.finish().await?;
            stage.publish().await?;
        }
        self.stage = None;
        Ok(Some(self.label()))
    }

    async fn flush(&mut self) -> Result<(), Fault> {
        if let Some(stage) = &mut self.stage
            && !self.buffer.is_empty()
        {
            stage.write(Bytes::from(std::mem::take(&mut self.buffer))).await?;
        }
        Ok(())
    }
}
