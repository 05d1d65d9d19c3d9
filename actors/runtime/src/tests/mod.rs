//! Behaviour of the supervision.
