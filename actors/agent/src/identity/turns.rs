//! The channel to a factory that has several addresses: they are tried in turn, beginning with the one that worked last.

use super::Addresses;
use async_trait::async_trait;
use sluice_channel::{AmqpChannel, AmqpOptions, Caps, ControlChannel, Link};
use sluice_contract::{Code, Fault};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A channel to whichever replica answers.
pub(crate) struct InTurn {
    addresses: Arc<Addresses>,
    /// Everything but the endpoint.
    options: AmqpOptions,
    next: AtomicUsize,
}

impl InTurn {
    /// A channel with these options; their endpoint does not count.
    pub(crate) fn new(addresses: Arc<Addresses>, options: AmqpOptions) -> Self {
        Self {
            addresses,
            options,
            next: AtomicUsize::new(0),
        }
    }

    fn at(&self, endpoint: String) -> AmqpChannel {
        AmqpChannel::new(AmqpOptions {
            endpoint,
            ..self.options.clone()
        })
    }
}

#[async_trait]
impl ControlChannel for InTurn {
    async fn connect(&self) -> Result<Box<dyn Link>, Fault> {
        let all = self.addresses.amqp();
        let first = self.next.load(Ordering::Relaxed);
        let mut failed = Fault::new(Code::ChannelUnreachable, "no address of the factory is known");
        for step in 0..all.len() {
            let place = (first + step) % all.len();
            let Some(endpoint) = all.get(place) else { continue };
            // Whoever gives up waiting for one that does not answer goes on with the one behind it.
            self.next.store(place + 1, Ordering::Relaxed);
            match self.at(endpoint.clone()).connect().await {
                Ok(link) => {
                    self.next.store(place, Ordering::Relaxed);
                    self.addresses.set_current(endpoint);
                    return Ok(link);
                }
                Err(fault) => {
                    if step + 1 < all.len() {
                        tracing::info!(endpoint, %fault, "A replica of the factory was not reached; the next one is tried.");
                    }
                    failed = fault;
                }
            }
        }
        Err(failed)
    }

    fn caps(&self) -> Caps {
        self.at(String::new()).caps()
    }
}
