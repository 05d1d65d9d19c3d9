//! What the machine is short of. A node has so many places for jobs; while memory is short it takes none beyond those that run,
//! and while all processors are busy it fills half of its places only. One job runs in any case: somebody has to get on.

use crate::machine;
use std::fmt;
use std::time::Duration;
use tokio::time::Instant;

/// The processors are busy from here on, in percent.
const BUSY: f32 = 95.0;
/// For so long every look has to find them so.
const WHILE: Duration = Duration::from_secs(60);
/// Memory is short below this part of all of it, and below this many bytes on a large machine.
const PART: u64 = 10;
const ENOUGH: u64 = 1 << 30;

/// What the machine is short of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pressure {
    Memory,
    Processors,
}

impl Pressure {
    /// How many jobs may run.
    pub(super) fn places(self, slots: u32, used: u32) -> u32 {
        match self {
            Pressure::Memory => used.clamp(1, slots.max(1)),
            Pressure::Processors => slots.div_ceil(2),
        }
    }
}

impl fmt::Display for Pressure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Pressure::Memory => "its machine is short of memory",
            Pressure::Processors => "its machine's processors are all busy",
        })
    }
}

/// Judges one look after the other.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    busy_since: Option<Instant>,
}

impl Gauge {
    /// What the machine is short of at this look.
    pub(crate) fn look(&mut self, cpu_percent: f32, available: u64) -> Option<Pressure> {
        self.judge(Instant::now(), cpu_percent, (available, machine::memory_total()))
    }

    fn judge(&mut self, now: Instant, cpu_percent: f32, (available, total): (u64, u64)) -> Option<Pressure> {
        self.busy_since = match cpu_percent >= BUSY {
            true => self.busy_since.or(Some(now)),
            false => None,
        };
        if total > 0 && available < (total / PART).min(ENOUGH) {
            return Some(Pressure::Memory);
        }
        let busy = self.busy_since.is_some_and(|since| now - since >= WHILE);
        busy.then_some(Pressure::Processors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn memory_counts_at_once_and_processors_after_a_while() {
        let (mut gauge, begun) = (Gauge::default(), Instant::now());
        let roomy = (500 * MIB, 2000 * MIB);
        assert_eq!(gauge.judge(begun, 10.0, roomy), None);
        assert_eq!(
            gauge.judge(begun, 10.0, (100 * MIB, 2000 * MIB)),
            Some(Pressure::Memory)
        );
        // A gigabyte is enough on any machine.
        assert_eq!(gauge.judge(begun, 10.0, (1500 * MIB, 64_000 * MIB)), None);
        assert_eq!(gauge.judge(begun, 100.0, roomy), None);
        assert_eq!(gauge.judge(begun + WHILE / 2, 100.0, roomy), None);
        assert_eq!(gauge.judge(begun + WHILE, 100.0, roomy), Some(Pressure::Processors));
        assert_eq!(gauge.judge(begun + WHILE, 40.0, roomy), None);
        // A machine that does not say is short of nothing.
        assert_eq!(gauge.judge(begun, 0.0, (0, 0)), None);
    }

    #[test]
    fn one_job_runs_in_any_case() {
        for (pressure, slots, used, places) in [
            (Pressure::Memory, 4, 0, 1),
            (Pressure::Memory, 4, 3, 3),
            (Pressure::Memory, 4, 9, 4),
            (Pressure::Processors, 4, 4, 2),
            (Pressure::Processors, 1, 0, 1),
        ] {
            assert_eq!(pressure.places(slots, used), places, "{pressure} {slots} {used}");
        }
    }
}
