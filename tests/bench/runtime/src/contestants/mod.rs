//! The same actor four times: it adds up numbers and says the sum.

pub(crate) mod actix;
pub(crate) mod kameo;
pub(crate) mod ractor;
pub(crate) mod sluice;

use std::future::Future;

use crate::Failure;

/// The sender's side of an actor that adds.
pub(crate) trait Contestant: Clone + Send + Sync + 'static {
    /// Sends a number without waiting for an answer; waits while there is no room for it.
    fn tell(&self, number: u64) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Asks for the sum.
    fn ask(&self) -> impl Future<Output = Result<u64, Failure>> + Send;
}
