//! Starts the real servers the tests run against.
