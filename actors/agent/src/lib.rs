//! The gateway node.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod identity;
mod machine;
mod state;

pub use identity::{RegisterOptions, Registered, register};
