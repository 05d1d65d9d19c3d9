//! The queue listener: it owns the link to the factory, and everything that comes and goes over it.

mod clock;
mod component;
mod components;
mod control;
mod heartbeat;
mod jobs;
mod keep;
mod outbox;
mod session;
mod state;

pub(crate) use component::{QueueListener, Send};
pub(crate) use state::LinkState;
pub use state::{ChannelState, ChannelStatus};
