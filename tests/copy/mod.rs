//! Copy settings that change the data, through the real connectors.

mod bench;
mod columns;
mod damage;
mod documents;
mod extra;
mod through;
mod tree;
mod verify;
