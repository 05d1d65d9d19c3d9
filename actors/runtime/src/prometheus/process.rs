//! The process's figures, by the names that Prometheus's own client libraries give them.

use super::text::{Kind, Text};

/// Writes the figures of this process: `process_*`. What the system does not tell is left out.
pub fn process(text: &mut Text) {
    #[cfg(target_os = "linux")]
    linux::process(text);
    #[cfg(not(target_os = "linux"))]
    let _ = text;
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;

    use super::{Kind, Text};

    /// The kernel counts in hundredths of a second towards programs, on every architecture that Rust's std runs on.
    const TICKS_PER_SECOND: f64 = 100.0;

    pub(super) fn process(text: &mut Text) {
        let mut gauge = |name, help: &str, value: Option<u64>| {
            if let Some(value) = value {
                text.family(name, Kind::Gauge, help).count(&[], value);
            }
        };
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        gauge(
            "process_resident_memory_bytes",
            "Memory of the process that is in RAM.",
            status_value(&status, "VmRSS:").map(|kib| kib * 1024),
        );
        gauge(
            "process_virtual_memory_bytes",
            "Address space of the process.",
            status_value(&status, "VmSize:").map(|kib| kib * 1024),
        );
        gauge("process_threads", "Threads.", status_value(&status, "Threads:"));
        // One of them is the descriptor of the folder that is being counted.
        let open = fs::read_dir("/proc/self/fd").ok().map(|folder| folder.count() as u64);
        gauge(
            "process_open_fds",
            "Open file descriptors.",
            open.map(|open| open.saturating_sub(1)),
        );
        let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
        gauge(
            "process_max_fds",
            "File descriptors that may be open.",
            max_fds(&limits),
        );

        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        if let Some(ticks) = stat_value(&stat, 14).zip(stat_value(&stat, 15)) {
            text.family(
                "process_cpu_seconds_total",
                Kind::Counter,
                "CPU time spent, user and system.",
            )
            .sample(&[], (ticks.0 + ticks.1) / TICKS_PER_SECOND);
        }
        let boot = fs::read_to_string("/proc/stat").unwrap_or_default();
        if let Some((boot, ticks)) = boot_time(&boot).zip(stat_value(&stat, 22)) {
            text.family(
                "process_start_time_seconds",
                Kind::Gauge,
                "When the process was started, since the epoch.",
            )
            .sample(&[], boot + ticks / TICKS_PER_SECOND);
        }
    }

    /// A number of `/proc/self/status`.
    fn status_value(status: &str, name: &str) -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    }

    /// A field of `/proc/self/stat`, counted from one as its manual does. The second one, the name, may hold anything.
    fn stat_value(stat: &str, field: usize) -> Option<f64> {
        let (_, behind) = stat.rsplit_once(')')?;
        behind.split_whitespace().nth(field.checked_sub(3)?)?.parse().ok()
    }

    fn max_fds(limits: &str) -> Option<u64> {
        let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
        line.split_whitespace().next()?.parse().ok()
    }

    fn boot_time(stat: &str) -> Option<f64> {
        let line = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
        line.trim().parse().ok()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn the_kernels_texts_are_read_by_their_manual() {
            let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 1 2 3 4 250 50 0 0 20 0 9 0 1234 5 6";
            assert_eq!((stat_value(stat, 14), stat_value(stat, 15)), (Some(250.0), Some(50.0)));
            assert_eq!(stat_value(stat, 22), Some(1234.0));
            assert_eq!(status_value("Name:\tx\nVmRSS:\t  812 kB\n", "VmRSS:"), Some(812));
            assert_eq!(
                max_fds("Limit  Soft\nMax open files   1024   4096  files\n"),
                Some(1024)
            );
            assert_eq!(max_fds("Max open files   unlimited  unlimited\n"), None);
            assert_eq!(boot_time("cpu 1 2\nbtime 1700000000\n"), Some(1_700_000_000.0));
        }
    }
}
