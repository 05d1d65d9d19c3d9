//! Growing pauses with jitter, so that the nodes of a factory that comes back do not all knock at the same moment.

use std::time::Duration;

/// The jitter: a pause is this much shorter or longer at most.
const JITTER: f64 = 0.3;

/// Pauses that double up to a limit.
#[derive(Clone, Debug)]
pub(crate) struct Pauses {
    min: Duration,
    max: Duration,
    next: Duration,
}

impl Pauses {
    pub(crate) fn new(min: Duration, max: Duration) -> Self {
        Self { min, max, next: min }
    }

    /// The next pause.
    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.next;
        self.next = pause.saturating_mul(2).min(self.max);
        pause.mul_f64(1.0 + JITTER * (2.0 * fraction() - 1.0))
    }

    /// It worked: begin with the shortest again.
    pub(crate) fn reset(&mut self) {
        self.next = self.min;
    }
}

/// A random number from 0 to 1; 0.5 should the system have no randomness.
fn fraction() -> f64 {
    let mut bytes = [0; 4];
    match aws_lc_rs::rand::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_limit_and_start_over() {
        let mut pauses = Pauses::new(Duration::from_secs(1), Duration::from_secs(4));
        for expected in [1.0, 2.0, 4.0, 4.0] {
            let pause = pauses.next().as_secs_f64();
            assert!((expected * 0.69..=expected * 1.31).contains(&pause), "{pause}");
        }
        pauses.reset();
        assert!(pauses.next() <= Duration::from_millis(1301));
    }
}
