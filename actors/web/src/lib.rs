//! WebActivity: one call of a web address, from a node. The factory itself calls nobody: whoever may write pipelines must not
//! reach what only the factory's machine may reach.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod address;
mod answer;
mod call;
mod request;

pub use call::call;
pub use request::Request;
