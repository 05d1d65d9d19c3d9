//! How often somebody may fail: to register, to log in, to get a token.

use dashmap::DashMap;
use sluice_contract::{Code, Fault};
use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(60);
/// What is remembered; beyond, what is older than the window is forgotten.
const REMEMBERED: usize = 10_000;

/// Failed attempts by what they have in common: an address, or an account.
#[derive(Debug)]
pub(crate) struct Attempts {
    code: Code,
    /// What was tried, for the message.
    what: &'static str,
    most: u32,
    failures: DashMap<String, (Instant, u32)>,
}

impl Attempts {
    /// Refuses with a code after so many failures within a minute.
    pub(crate) fn new(code: Code, what: &'static str, most: u32) -> Self {
        Self {
            code,
            what,
            most,
            failures: DashMap::new(),
        }
    }

    /// Whether this one may try.
    ///
    /// # Errors
    /// The code it was made with.
    pub(crate) fn check(&self, who: &str) -> Result<(), Fault> {
        let failures = self
            .failures
            .get(who)
            .filter(|entry| entry.0.elapsed() < WINDOW)
            .map_or(0, |entry| entry.1);
        if failures >= self.most {
            let what = format!("{failures} {} of {who} failed within a minute", self.what);
            return Err(Fault::new(self.code, what));
        }
        Ok(())
    }

    /// It tried and failed.
    pub(crate) fn failed(&self, who: &str) {
        if self.failures.len() > REMEMBERED {
            self.failures.retain(|_, (since, _)| since.elapsed() < WINDOW);
        }
        let mut entry = self.failures.entry(who.to_owned()).or_insert((Instant::now(), 0));
        if entry.0.elapsed() >= WINDOW {
            *entry = (Instant::now(), 0);
        }
        entry.1 += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_who_fails_too_often_waits_and_others_do_not() {
        let attempts = Attempts::new(Code::TooManyLogins, "logins", 3);
        for _ in 0..3 {
            attempts.check("10.0.0.1").unwrap();
            attempts.failed("10.0.0.1");
        }
        let fault = attempts.check("10.0.0.1").unwrap_err();
        assert_eq!(fault.code, Code::TooManyLogins);
        assert!(fault.message.contains("3 logins of 10.0.0.1"), "{}", fault.message);
        attempts.check("10.0.0.2").unwrap();
    }
}
