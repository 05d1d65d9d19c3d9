//! Files that are unpacked, packed or merged on their way, on a thread that may block.

use super::carry::mark;
use super::pack::{Out, PlainWrapper, Serial, copy, of_io};
use super::plan::{Unit, generated, renamed, without_ending};
use super::sheet::Sheet;
use super::stream::Hasher;
use super::tally::hex;
use crate::behavior::Behavior;
use crate::fault::panicked;
use sluice_contract::Fault;
use sluice_store_core::files::location::join;
use sluice_store_core::files::{ByteReader, Chosen, Inner, Target, Wrapper};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::runtime::Handle;

/// Memory of one piece of work besides the blocks it writes: what is read ahead, and a codec's own.
const ASIDE: usize = 6 << 20;

/// Does a piece of work that is not a plain copy of one file.
pub(super) async fn pour(sheet: &Arc<Sheet>, units: &Arc<Vec<Unit>>, place: usize) -> Result<(), Fault> {
    // Before anything else, and nothing but the blocks that are written is asked for on top, so that nobody waits for ever.
    let _aside = sheet.budget.reserve(ASIDE.min(sheet.memory / 2)).await;
    let pour = Pour {
        sheet: Arc::clone(sheet),
        handle: Handle::current(),
    };
    let units = Arc::clone(units);
    let work = tokio::task::spawn_blocking(move || match units.get(place) {
        Some(unit) => pour.unit(unit),
        None => Ok(()),
    });
    work.await.unwrap_or_else(|_| Err(panicked("packing files")))
}

struct Pour {
    sheet: Arc<Sheet>,
    handle: Handle,
}

impl Pour {
    fn unit(&self, unit: &Unit) -> Result<(), Fault> {
        match unit {
            Unit::File(chosen, target) => self.or_leave_out(chosen, || self.file(chosen, target)),
            Unit::Unpack(chosen, folder) => self.or_leave_out(chosen, || self.unpack(chosen, folder)),
            Unit::Together(all, target) => self.together(all, target),
        }
    }

    fn or_leave_out(&self, chosen: &Chosen, work: impl FnOnce() -> Result<(), Fault>) -> Result<(), Fault> {
        match work() {
            Ok(()) => self.read(chosen),
            Err(fault) => {
                let label = chosen.entry.label();
                self.handle.block_on(self.sheet.leave_out(&label, fault))
            }
        }
    }

    /// Takes down that a file was read.
    fn read(&self, chosen: &Chosen) -> Result<(), Fault> {
        self.sheet.tally.copied(&chosen.entry);
        let (label, size) = (chosen.entry.label(), chosen.entry.size);
        self.handle.block_on(self.sheet.log.moved_file(true, &label, size))
    }

    fn open(&self, chosen: &Chosen) -> Result<Arc<dyn ByteReader>, Fault> {
        let inner = self.handle.block_on(self.sheet.source.open(&chosen.entry))?;
        Ok(Serial::metered(inner, &self.sheet))
    }

    /// One file, wrapped differently.
    fn file(&self, chosen: &Chosen, target: &Target) -> Result<(), Fault> {
        let reader = self.open(chosen)?;
        let out = Out::begin(&self.sheet, &self.handle, target, Some(&reader), &mark(&chosen.entry))?;
        let Some(out) = out else { return Ok(()) };
        out.write_with(|wrapper| self.each(&reader, &mut |mut inner| copy(&mut inner, wrapper)))
    }

    /// What is in one file, each member for itself.
    fn unpack(&self, chosen: &Chosen, folder: &Target) -> Result<(), Fault> {
        let reader = self.open(chosen)?;
        self.each(&reader, &mut |mut inner| {
            let name = inner.name.clone().unwrap_or_default();
            let path = match self.sheet.wanted.behavior {
                Behavior::Flatten => generated(&self.sheet.default_name, &format!("{}!{name}", chosen.relative)),
                _ => name.clone(),
            };
            let target = Target {
                container: folder.container.clone(),
                path: join(&folder.path, &renamed(&path, &None, &self.sheet.wrappings.sink)),
            };
            let mark = format!("{}!{name}", mark(&chosen.entry));
            let mark = hex(&Hasher::default().add_here(mark.as_bytes()).finish());
            match Out::begin(&self.sheet, &self.handle, &target, None, &mark)? {
                Some(out) => out.write_with(|wrapper| copy(&mut inner, wrapper)),
                None => Ok(()),
            }
        })
    }

    /// All files into one.
    fn together(&self, all: &[Chosen], target: &Target) -> Result<(), Fault> {
        let marks = all.iter().fold(Hasher::default(), |hasher, chosen| {
            hasher.add_here(mark(&chosen.entry).as_bytes())
        });
        let out = Out::begin(&self.sheet, &self.handle, target, None, &hex(&marks.finish()))?;
        let mut copied = Vec::with_capacity(all.len());
        if let Some(out) = out {
            out.write_with(|wrapper| {
                for chosen in all {
                    let reader = match self.open(chosen) {
                        Ok(reader) => reader,
                        Err(fault) => {
                            let label = chosen.entry.label();
                            self.handle.block_on(self.sheet.leave_out(&label, fault))?;
                            continue;
                        }
                    };
                    self.append(chosen, &reader, wrapper)?;
                    copied.push(chosen);
                }
                Ok(())
            })?;
        } else {
            copied.extend(all);
        }
        copied.into_iter().try_for_each(|chosen| self.read(chosen))
    }

    fn append(&self, chosen: &Chosen, reader: &Arc<dyn ByteReader>, wrapper: &mut dyn Wrapper) -> Result<(), Fault> {
        let modified: Option<SystemTime> = chosen.entry.modified.map(Into::into);
        let wrapped = self.sheet.wrappings.source.is_some();
        self.each(reader, &mut |mut inner| {
            let bare = without_ending(&chosen.relative, &self.sheet.wrappings.source);
            let name = match &inner.name {
                Some(name) if self.sheet.wanted.archive_folder => join(&bare, name),
                Some(name) => name.clone(),
                None => bare,
            };
            let size = if wrapped { 0 } else { reader.size() };
            wrapper
                .member(&name, size, modified)
                .map_err(|error| of_io(&inner.label, &error))?;
            copy(&mut inner, wrapper)
        })
    }

    /// Visits what is in a file, which is the file itself where it is not wrapped.
    fn each(
        &self,
        reader: &Arc<dyn ByteReader>,
        visit: &mut dyn FnMut(Inner<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut visit = |inner: Inner<'_>| {
            visit(inner)?;
            match self.sheet.stop.is_cancelled() {
                true => Err(crate::fault::cancelled()),
                false => Ok(ControlFlow::Continue(())),
            }
        };
        match &self.sheet.wrappings.source {
            Some(wrapping) => wrapping.unwrap(Arc::clone(reader), &self.handle, &mut visit),
            None => {
                let inner = Inner {
                    name: None,
                    label: reader.label().to_owned(),
                    bytes: Box::new(Serial::new(reader, &self.handle, self.sheet.block)),
                };
                visit(inner).map(drop)
            }
        }
    }
}

/// What is not wrapped.
pub(super) fn plain(out: Box<dyn std::io::Write + Send>) -> Box<dyn Wrapper> {
    Box::new(PlainWrapper(out))
}
