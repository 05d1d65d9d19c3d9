//! One supervised connector per linked service: it holds the connection to the store, limits how many copies use it at
//! the same time, and leaves a store alone that cannot be reached.

mod breaker;
mod component;
mod lent;
mod pool;

pub(crate) use component::StoreConnector;
use component::{Lend, Observed};
pub(crate) use pool::{Connectors, id, lend};

use serde::{Deserialize, Serialize};
use sluice_contract::job::Endpoint;

/// A connector in the status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectorStatus {
    /// The linked service.
    pub name: String,
    /// The linked service's type.
    pub kind: String,
    /// `Idle`, `Connected`, or `Paused` and `Trying` after failures.
    pub state: String,
    /// Failures to reach the store in a row.
    pub failures: u32,
    /// The last failure, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// What the connection was made from. The credential is in it as it is: sealed.
#[derive(Clone, Debug, PartialEq)]
struct Made {
    kind: String,
    properties: sluice_contract::Object,
    sealed: Option<String>,
}

impl Made {
    fn of(endpoint: &Endpoint) -> Self {
        Self {
            kind: endpoint.kind.clone(),
            properties: endpoint.properties.clone(),
            sealed: endpoint.sealed.clone(),
        }
    }
}
