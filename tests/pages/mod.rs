//! The pages for people say what the code does.

mod links;
mod stores;
mod types;
