//! Copies of files as they are, between real stores.

mod bench;
mod cloud;
mod empty;
mod failures;
mod folders;
mod rows;
mod through;
mod unclear;
mod wrapped;
