//! The crate's tests, by subject.

mod functions;
mod property;
mod samples;
mod windows;
