//! What the operating system says about this machine.

use aws_lc_rs::rand;
use std::fs::read_to_string;
use std::sync::OnceLock;

/// What this process calls itself: by chance, so that no other one does. Empty where the machine has no chance to give.
pub(crate) fn instance() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let mut bytes = [0_u8; 16];
        match rand::fill(&mut bytes) {
            Ok(()) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            Err(_) => String::new(),
        }
    })
}

/// The machine's host name, or `unknown`.
pub(crate) fn name() -> String {
    ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .iter()
        .filter_map(|path| read_to_string(path).ok())
        .map(|text| text.trim().to_owned())
        .find(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown".to_owned())
}

/// Operating system and architecture, such as `linux-x86_64`.
pub(crate) fn platform() -> String {
    format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)
}

/// Memory still available, in bytes; 0 when the system does not say. In a container that has a limit, what is left of that.
pub(crate) fn memory_available() -> u64 {
    let left =
        container("memory.max").map(|limit| limit.saturating_sub(container("memory.current").unwrap_or_default()));
    left.unwrap_or(u64::MAX).min(memory("MemAvailable:"))
}

/// All memory of the machine, or of the container, in bytes; 0 when the system does not say.
pub(crate) fn memory_total() -> u64 {
    container("memory.max").unwrap_or(u64::MAX).min(memory("MemTotal:"))
}

/// A figure of the container's own group; none without a limit.
fn container(file: &str) -> Option<u64> {
    read_to_string(format!("/sys/fs/cgroup/{file}"))
        .ok()?
        .trim()
        .parse()
        .ok()
}

fn memory(member: &str) -> u64 {
    let text = read_to_string("/proc/meminfo").unwrap_or_default();
    text.lines()
        .find_map(|line| line.strip_prefix(member))
        .and_then(|rest| rest.trim().strip_suffix("kB"))
        .and_then(|kib| kib.trim().parse::<u64>().ok())
        .map_or(0, |kib| kib * 1024)
}

/// Measures the processors' use between two calls.
#[derive(Debug, Default)]
pub(crate) struct CpuMeter {
    last: Option<(u64, u64)>,
}

impl CpuMeter {
    /// The use since the last call in percent; 0 at the first call and where the system does not say.
    pub(crate) fn percent(&mut self) -> f32 {
        let Some(now) = cpu_ticks() else { return 0.0 };
        let last = self.last.replace(now);
        let Some((busy, all)) = last.map(|(busy, all)| (now.0.saturating_sub(busy), now.1.saturating_sub(all))) else {
            return 0.0;
        };
        if all == 0 {
            0.0
        } else {
            (busy as f64 / all as f64 * 100.0) as f32
        }
    }
}

/// Busy and all ticks since the machine started.
fn cpu_ticks() -> Option<(u64, u64)> {
    let text = read_to_string("/proc/stat").ok()?;
    let ticks: Vec<u64> = text
        .lines()
        .next()?
        .split_whitespace()
        .skip(1)
        .take(8)
        .filter_map(|word| word.parse().ok())
        .collect();
    let all: u64 = ticks.iter().sum();
    let idle = ticks.get(3)? + ticks.get(4)?;
    Some((all - idle, all))
}
