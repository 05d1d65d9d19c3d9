//! Figures as the text that Prometheus reads (exposition format 0.0.4), without a library.
//!
//! [`page`] is everything: the components, the process, the tokio runtime. A program with figures of its own makes the
//! page from the parts: [`actors`], [`process`], [`runtime`], and its own on the same [`Text`].
//!
//! Labels are bounded. They hold names of components and of message types, which are in the program's source, and ids
//! only as long as a component has at most [`MAX_IDS`] of them. Texts of panics are in the snapshots, not here.

mod actors;
mod process;
mod runtime;
mod text;

pub use actors::{MAX_IDS, actors};
pub use process::process;
pub use runtime::runtime;
pub use text::{Family, Kind, Text};

use tokio::runtime::Runtime;

use crate::{Health, Snapshot};

/// The `Content-Type` of the page.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The whole page. `components` is what [`Root::snapshot`](crate::Root::snapshot) gives; a process with several roots
/// appends theirs.
#[must_use]
pub fn page(components: &[(String, Health, Snapshot)], dataplane: Option<&Runtime>) -> String {
    let mut text = Text::new();
    actors(&mut text, components);
    process(&mut text);
    if let Some(dataplane) = dataplane {
        runtime(&mut text, dataplane);
    }
    text.into_string()
}

#[cfg(test)]
mod tests;
