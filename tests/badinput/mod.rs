//! Bad input of every kind gets a code, a cause and a next step, and the processes go on.

mod disk;
mod logs;
mod register;
mod rest;
mod runs;
