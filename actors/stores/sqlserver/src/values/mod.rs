//! Values on their way: from the driver into Arrow, and from Arrow to the driver.

pub(crate) mod form;
pub(crate) mod parse;
pub(crate) mod read;
pub(crate) mod time;
pub(crate) mod write;

#[cfg(test)]
mod tests;
