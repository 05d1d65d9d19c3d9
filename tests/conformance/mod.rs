//! One suite for all stores, against their real servers. A new store adds a file in `stores/` and a row in `matrix.rs`.

mod data;
#[macro_use]
mod rows;
mod matrix;
mod place;
mod stores;
mod suite;

pub(crate) use matrix::MATRIX;
pub(crate) use rows::Back;
