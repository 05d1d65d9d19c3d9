//! The crate's tests, by subject.

mod arm;
mod check;
mod property;
mod reading;
