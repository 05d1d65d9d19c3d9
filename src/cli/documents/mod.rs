//! `sluice apply` and `sluice validate`: documents from files, checked and sent.

mod apply;
mod args;
mod collect;
mod connect;
mod heritage;
mod known;
mod plan;
mod report;
mod send;
mod validate;

pub(crate) use args::{ApplyArgs, ValidateArgs};
pub(super) use connect::connect;

pub(super) use apply::run as apply;
pub(super) use validate::run as validate;
