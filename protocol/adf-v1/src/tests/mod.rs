//! The crate's tests, by subject.

mod functions;
mod policies;
mod property;
mod samples;
mod windows;
