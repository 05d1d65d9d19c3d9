//! The tables with an attempt's staged rows.

use super::stage;
use crate::names::TableName;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The staging table, and those of writers. Rows of a writer's table count once the writer has finished: what is left by one
/// that was cut off is never published.
#[derive(Clone)]
pub(super) struct Tables(Arc<Mutex<Vec<(TableName, bool)>>>);

impl Tables {
    /// Only the staging table.
    pub(super) fn new(stage: TableName) -> Self {
        Self(Arc::new(Mutex::new(vec![(stage, true)])))
    }

    fn list(&self) -> MutexGuard<'_, Vec<(TableName, bool)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A name for one more writer's table; none when there are enough.
    pub(super) fn claim(&self) -> Option<TableName> {
        let mut list = self.list();
        let index = list.len().checked_sub(1).filter(|index| *index < stage::OWN_TABLES)?;
        let own = stage::of_writer(&list.first()?.0, index);
        list.push((own.clone(), false));
        Some(own)
    }

    /// A writer's table has all of its rows.
    pub(super) fn finished(&self, table: &TableName) {
        if let Some((_, finished)) = self.list().iter_mut().find(|(name, _)| name == table) {
            *finished = true;
        }
    }

    /// Those whose rows count.
    pub(super) fn counted(&self) -> Vec<TableName> {
        let list = self.list();
        let counted = list.iter().filter(|(_, finished)| *finished);
        counted.map(|(table, _)| table.clone()).collect()
    }

    /// All that may be there.
    pub(super) fn all(&self) -> Vec<TableName> {
        self.list().iter().map(|(table, _)| table.clone()).collect()
    }
}
