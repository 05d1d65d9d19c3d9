//! WebActivity: one call of a web address, from a node or from the factory itself.
//!
//! The factory calls with a [`Reach::Public`]: whoever may write pipelines must not reach what only the factory's machine may
//! reach (its own ports, the network behind it, a cloud's metadata service). A node is beside the data and calls what it can.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod address;
mod answer;
mod call;
mod request;

pub use address::Reach;
pub use call::call;
pub use request::Request;
