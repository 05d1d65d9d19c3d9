//! The stores of one process. The list itself is made in the binary, the only place that names every store.

use crate::{Connector, StoreKind};
use sluice_contract::{Code, Fault};
use std::sync::Arc;

/// Every family of stores that this process can use.
#[derive(Clone, Default)]
pub struct Stores(Vec<Arc<dyn Connector>>);

impl Stores {
    /// Takes the list.
    pub fn new(connectors: Vec<Arc<dyn Connector>>) -> Self {
        Self(connectors)
    }

    /// The family that serves a linked service's `type`.
    ///
    /// # Errors
    /// `SL4008` when there is none.
    pub fn connector(&self, linked_service: &str) -> Result<Arc<dyn Connector>, Fault> {
        let serves = |kind: &StoreKind| {
            kind.linked_services
                .iter()
                .any(|name| name.eq_ignore_ascii_case(linked_service))
        };
        self.0
            .iter()
            .find(|connector| connector.kinds().iter().any(serves))
            .cloned()
            .ok_or_else(|| {
                Fault::new(
                    Code::StoreTypeUnknown,
                    format!("no connector serves linked services of type {linked_service:?}"),
                )
            })
    }

    /// Every kind of store.
    pub fn kinds(&self) -> impl Iterator<Item = &'static StoreKind> {
        self.0.iter().flat_map(|connector| connector.kinds())
    }
}

impl std::fmt::Debug for Stores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.kinds().map(|kind| kind.title)).finish()
    }
}
