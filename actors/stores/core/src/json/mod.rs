//! Values as the outputs of activities show them, in JSON.
//!
//! What a JSON number cannot hold exactly is a text: a reader that parses numbers as 64-bit floats would round it in silence.

mod batch;
mod value;

pub use batch::rows;
pub use value::{binary, decimal, float, moment};
