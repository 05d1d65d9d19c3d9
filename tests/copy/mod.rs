//! Copy settings that change the data, through the real connectors.

mod bench;
mod columns;
mod documents;
mod extra;
mod through;
mod verify;
