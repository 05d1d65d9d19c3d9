//! Registering a machine from another one. Its administrator opens it for some minutes; who sends the key has the
//! fingerprint and the one-time code that were printed there, and checks the one before he shows the other.
//!
//! Closed is the rule: nothing listens unless [`open`] runs, and it ends with the first registration, with its time, or with
//! too many wrong codes.

mod door;
mod exact;
mod send;
#[cfg(test)]
mod tests;

pub use door::{Door, OpenOptions};
pub use send::{SendOptions, send};

use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

/// Where the registration is sent.
const PATH: &str = "/v1/register";

/// What is sent. Wiped when it is dropped.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    /// The one-time code.
    code: String,
    /// The gateway's registration key.
    key: String,
    /// The name of the node; the machine's own where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Whether the gateway's keys come from another node, once that was approved there.
    #[serde(default)]
    await_approval: bool,
}

impl Drop for Order {
    fn drop(&mut self) {
        self.code.zeroize();
        self.key.zeroize();
    }
}
