//! Components seen through the public doors: their figures, a restart by hand, a process that stood still.

mod figures;
mod otlp;
mod page;
mod restart;
mod service;
