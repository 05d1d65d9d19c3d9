//! Behaviour, seen from outside of the module.
