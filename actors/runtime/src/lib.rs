//! Supervised components on actix.
