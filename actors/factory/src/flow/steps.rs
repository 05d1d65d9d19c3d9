//! Steps of the wall clock, by which leases and deadlines are kept in the database: found by a clock that nobody sets.

use crate::wire::{micros, now};
use std::time::{Duration, Instant};

/// What is no step yet: clocks that are put right slowly, and a look that came late between the two of them.
const TOLERANCE: Duration = Duration::from_secs(5);

/// Both clocks at the last look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    wall: i64,
    steady: Instant,
}

impl Steps {
    pub(super) fn new() -> Self {
        Self {
            wall: now(),
            steady: Instant::now(),
        }
    }

    /// By how many microseconds the wall clock was set since the last look; none when it was not.
    pub(super) fn look(&mut self) -> Option<i64> {
        self.step(now(), Instant::now())
    }

    fn step(&mut self, wall: i64, steady: Instant) -> Option<i64> {
        let passed = micros(steady.saturating_duration_since(self.steady));
        let step = wall.saturating_sub(self.wall).saturating_sub(passed);
        *self = Self { wall, steady };
        (step.unsigned_abs() > TOLERANCE.as_micros() as u64).then_some(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_steps_are_told() {
        let (wall, steady) = (1_000_000_000, Instant::now());
        let mut steps = Steps { wall, steady };
        let second = Duration::from_secs(1);
        assert_eq!(steps.step(wall + 1_100_000, steady + second), None, "a little fast");
        let hour = 3_600_000_000;
        assert_eq!(steps.step(wall + 2_100_000 + hour, steady + 2 * second), Some(hour));
        assert_eq!(
            steps.step(wall + 3_100_000 + hour, steady + 3 * second),
            None,
            "told once"
        );
        assert_eq!(steps.step(wall + 4_100_000, steady + 4 * second), Some(-hour));
    }
}
