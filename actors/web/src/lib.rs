//! WebActivity and WebHook: one call of a web address, from a node or from the factory. Whoever may write pipelines must not
//! reach by the factory what only its machine may reach: see [`Reach`].
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod address;
mod answer;
mod call;
mod login;
mod reach;
mod request;

pub use call::call;
pub use login::{Login, Scheme, login, origin};
pub use reach::{Net, Reach};
pub use request::Request;
