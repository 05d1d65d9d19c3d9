//! Calls of web addresses that the factory makes itself: of a WebActivity that names no gateway, and of a WebHook.
//!
//! A call leaves the database, so it cannot be part of a transaction. A process holds it while it makes it, and what came of it
//! counts only while it does. A process that dies in the middle leaves a call of which nobody knows whether it arrived: it
//! is made again, as a gateway's node would.

mod caller;
mod made;
mod task;

pub(crate) use caller::WebCaller;
pub(crate) use task::body;
