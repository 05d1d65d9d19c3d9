//! The main job, end to end, as its users do it.

mod clients;
mod page;
mod quickstart;
mod receipts;
mod rejects;
mod sdk;
