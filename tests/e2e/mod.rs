//! The main job, end to end, as its users do it.

mod quickstart;
mod sdk;
