//! Templates of Azure Resource Manager: parameters, variables, and the language of `"[concat(..)]"`.
//!
//! What Data Factory exports, and what people write by hand around it, is computed; what only Azure can answer
//! (`reference()`, `listKeys()`) is said to be open.

mod evaluate;
mod functions;
mod language;
mod scope;
mod template;
mod values;

pub use values::Values;

pub(crate) use evaluate::{deep, is_cut_out};
pub(crate) use scope::Scope;
pub(crate) use template::resources;
