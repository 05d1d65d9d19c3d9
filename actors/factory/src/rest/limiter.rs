//! How often an address may fail to register.

use dashmap::DashMap;
use sluice_contract::{Code, Fault};
use std::net::IpAddr;
use std::time::{Duration, Instant};

const FAILURES: u32 = 10;
const WINDOW: Duration = Duration::from_secs(60);
/// Addresses to remember; beyond, those whose window is over are forgotten.
const ADDRESSES: usize = 10_000;

/// Failed registrations by address.
#[derive(Debug, Default)]
pub(crate) struct Limiter(DashMap<IpAddr, (Instant, u32)>);

impl Limiter {
    /// Whether this address may try.
    ///
    /// # Errors
    /// `SL2013`.
    pub(crate) fn check(&self, address: IpAddr) -> Result<(), Fault> {
        let failures = self
            .0
            .get(&address)
            .filter(|entry| entry.0.elapsed() < WINDOW)
            .map_or(0, |entry| entry.1);
        if failures >= FAILURES {
            return Err(Fault::new(
                Code::TooManyAttempts,
                format!("{failures} registrations from {address} failed within a minute"),
            ));
        }
        Ok(())
    }

    /// It tried and failed.
    pub(crate) fn failed(&self, address: IpAddr) {
        if self.0.len() > ADDRESSES {
            self.0.retain(|_, (since, _)| since.elapsed() < WINDOW);
        }
        let mut entry = self.0.entry(address).or_insert((Instant::now(), 0));
        if entry.0.elapsed() >= WINDOW {
            *entry = (Instant::now(), 0);
        }
        entry.1 += 1;
    }
}
