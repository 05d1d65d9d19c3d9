//! Attempts that go on where the one before them stopped, against real servers.

mod bench;
mod others;
mod postgres;
mod through;
