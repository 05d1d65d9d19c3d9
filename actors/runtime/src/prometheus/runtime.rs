//! The tokio runtime's figures.

use tokio::runtime::Runtime;

use super::text::{Kind, Text};

/// Writes the figures of the shared runtime: `tokio_*`. Only those that tokio promises to keep.
pub fn runtime(text: &mut Text, dataplane: &Runtime) {
    let metrics = dataplane.metrics();
    text.family("tokio_workers", Kind::Gauge, "Threads that run tasks.")
        .count(&[], metrics.num_workers() as u64);
    text.family("tokio_alive_tasks", Kind::Gauge, "Tasks that have not ended.")
        .count(&[], metrics.num_alive_tasks() as u64);
    text.family(
        "tokio_global_queue_tasks",
        Kind::Gauge,
        "Tasks that wait for any worker to run them.",
    )
    .count(&[], metrics.global_queue_depth() as u64);
    #[cfg(target_has_atomic = "64")]
    {
        let busy = (0..metrics.num_workers()).map(|worker| metrics.worker_total_busy_duration(worker));
        text.family(
            "tokio_workers_busy_seconds_total",
            Kind::Counter,
            "Time that the workers have spent on tasks.",
        )
        .sample(&[], busy.sum::<std::time::Duration>().as_secs_f64());
    }
}
