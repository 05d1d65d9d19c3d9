//! One file, as it is.

use super::plan::label;
use super::sheet::Sheet;
use super::stream::{Hasher, blocks};
use super::tally::hex;
use futures::StreamExt;
use sluice_contract::{Code, Fault};
use sluice_store_core::files::{Attributes, ByteReader, ByteStage, Chosen, Copied, Entry, Target};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

impl Sheet {
    /// Reads, stages, compares and publishes one file.
    ///
    /// # Errors
    /// The stores' faults, `SL7001` when the sink does not hold what was read; then nothing is published under the file's name
    /// unless the message says so.
    pub(super) async fn carry(&self, chosen: &Chosen, target: &Target) -> Result<(), Fault> {
        let reader = self.source.open(&chosen.entry).await?;
        let copied = self
            .copied(Some(&reader), Some(reader.size()), &mark(&chosen.entry))
            .await?;
        let mut stage = self.sink.stage_copy(target, &self.key, &copied).await?;
        if stage.replayed().is_some() {
            self.tally.files_replayed.fetch_add(1, Ordering::Relaxed);
            self.tally.copied(&chosen.entry);
            return Ok(());
        }
        let filled = self.stop.run_until_cancelled(self.fill(&reader, stage.as_mut())).await;
        let filled = filled.unwrap_or_else(|| Err(crate::fault::cancelled()));
        let landed = match filled {
            Ok(md5) => self.land(stage.as_mut(), target, reader.size(), md5).await,
            Err(fault) => Err(fault),
        };
        if let Err(fault) = landed {
            stage.discard().await;
            return Err(fault);
        }
        self.tally.copied(&chosen.entry);
        self.log.moved_file(true, &chosen.entry.label(), reader.size()).await
    }

    /// What the sink is told of a file.
    pub(super) async fn copied(
        &self,
        reader: Option<&Arc<dyn ByteReader>>,
        size: Option<u64>,
        mark: &str,
    ) -> Result<Copied, Fault> {
        let mut attributes = match reader {
            Some(reader) if self.wanted.attributes => reader.attributes().await?,
            _ => Attributes::default(),
        };
        let metadata = self.wanted.metadata.iter();
        attributes
            .metadata
            .extend(metadata.map(|(name, value)| (name.clone(), value.clone())));
        Ok(Copied {
            size,
            mark: mark.to_owned(),
            attributes,
            connections: self.wanted.connections,
            block: Some(self.block),
        })
    }

    /// Moves all bytes; says their MD5.
    async fn fill(&self, reader: &Arc<dyn ByteReader>, stage: &mut dyn ByteStage) -> Result<[u8; 16], Fault> {
        let block = stage.block_bytes().min(self.block);
        let mut blocks = pin!(blocks(self, reader, block));
        let mut hasher = Hasher::default();
        while let Some(bytes) = blocks.next().await {
            let bytes = bytes?;
            let size = bytes.len();
            let (added, ()) = futures::try_join!(hasher.add(bytes.clone()), stage.write(bytes))?;
            hasher = added;
            self.tally.wrote(size);
        }
        stage.finish().await?;
        let md5 = hasher.finish();
        match reader.md5() {
            Some(told) if told != md5 => Err(Fault::new(
                Code::VerificationFailed,
                format!(
                    "{}: the store says that its MD5 is {}, and what was read has {}",
                    reader.label(),
                    hex(&told),
                    hex(&md5)
                ),
            )),
            _ => Ok(md5),
        }
    }

    /// Compares what is staged, asks for the permit, publishes, and compares what is published.
    pub(super) async fn land(
        &self,
        stage: &mut dyn ByteStage,
        target: &Target,
        size: u64,
        md5: [u8; 16],
    ) -> Result<(), Fault> {
        let place = label(target);
        let mut proven = false;
        if let Some(staged) = self.unless_stopped(stage.staged()).await? {
            same_size(&place, size, staged.size())?;
            if self.wanted.validate {
                self.unless_stopped(self.read_back(&place, &staged, md5)).await?;
            }
            proven = true;
        }
        self.unless_stopped(self.permit.wait()).await?;
        if self.stop.is_cancelled() {
            return Err(crate::fault::cancelled());
        }
        let published = stage.publish().await?;
        let after = |fault: Fault| fault.context("the file is published");
        if let Some(told) = stage.md5() {
            if told != md5 {
                let (told, md5) = (hex(&told), hex(&md5));
                let text = format!("{place}: what was sent has the MD5 {md5}, and the store says {told}");
                return Err(after(Fault::new(Code::VerificationFailed, text)));
            }
            proven = true;
        }
        if !proven || (self.wanted.validate && stage.md5().is_none()) {
            match stage.published().await.map_err(after)? {
                Some(found) => {
                    same_size(&place, size, found.size()).map_err(after)?;
                    if self.wanted.validate && !proven {
                        self.read_back(&place, &found, md5).await.map_err(after)?;
                        proven = true;
                    }
                }
                None => tracing::warn!(
                    file = place,
                    "The login may write but not read, so the published file was not read back"
                ),
            }
        }
        if published.replayed {
            self.tally.files_replayed.fetch_add(1, Ordering::Relaxed);
            self.tally.bytes_written.fetch_sub(size, Ordering::Relaxed);
        } else {
            self.tally.published(&target.path, &md5, proven);
        }
        self.log.moved_file(false, &place, size).await
    }

    async fn read_back(&self, place: &str, file: &Arc<dyn ByteReader>, md5: [u8; 16]) -> Result<(), Fault> {
        let mut hasher = Hasher::default();
        let mut at = 0;
        while at < file.size() {
            let end = file.size().min(at + self.block as u64);
            let room = self
                .budget
                .reserve(usize::try_from(end - at).unwrap_or(self.block))
                .await;
            hasher = hasher.add(file.read(at..end).await?).await?;
            drop(room);
            self.tally.step();
            at = end;
        }
        let found = hasher.finish();
        if found == md5 {
            return Ok(());
        }
        let text = format!(
            "{place}: what was sent has the MD5 {}, and what came back {}",
            hex(&md5),
            hex(&found)
        );
        Err(Fault::new(Code::VerificationFailed, text))
    }

    async fn unless_stopped<T>(&self, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let ended = self.stop.run_until_cancelled(work).await;
        ended.unwrap_or_else(|| Err(crate::fault::cancelled()))
    }
}

/// Which version of which file it is.
pub(super) fn mark(entry: &Entry) -> String {
    let hasher = Hasher::default().add_here(entry.label().as_bytes());
    let hasher = hasher
        .add_here(&[0])
        .add_here(entry.version.as_bytes())
        .add_here(&entry.size.to_be_bytes());
    hex(&hasher.finish())
}

fn same_size(place: &str, sent: u64, found: u64) -> Result<(), Fault> {
    if sent == found {
        return Ok(());
    }
    let text = format!("{place} holds {found} bytes, but {sent} were written");
    Err(Fault::new(Code::VerificationFailed, text))
}
