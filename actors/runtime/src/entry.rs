//! From `main` to running components in a few lines.

use std::future::Future;
use std::io;
use std::sync::OnceLock;

use actix::System;
use tokio::runtime::{Builder, Runtime};

use crate::exit::EXIT_NO_RUNTIME;
use crate::{EventSink, Options, Root, Service, Strategy, TracingEvents};

/// The process's one multi-thread tokio runtime, built at the first call. It lives as long as the process: hung
/// threads may use it at any time.
///
/// # Errors
/// When the operating system refuses threads or descriptors.
pub fn dataplane() -> io::Result<&'static Runtime> {
    static DATAPLANE: OnceLock<Runtime> = OnceLock::new();
    if let Some(runtime) = DATAPLANE.get() {
        return Ok(runtime);
    }
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .thread_name("sluice-data")
        .build()?;
    // Somebody else may have been faster: then theirs is the one, and ours ends without waiting.
    if let Err(spare) = DATAPLANE.set(runtime) {
        spare.shutdown_background();
    }
    DATAPLANE
        .get()
        .ok_or_else(|| io::Error::other("the runtime was not kept"))
}

/// Runs a program: builds the runtime, runs an actix system on this thread with a [`Root`], which is shut down when
/// the program's future ends, and returns the exit code. Ends the process with `std::process::exit` of that code:
/// a thread that hangs would keep it from ending otherwise. A service manager that is named in the environment is told
/// how the service is doing, see [`Service`].
///
/// ```no_run
/// std::process::exit(sluice_runtime::run(|root| async move {
///     // root.supervise::<Scheduler>("scheduler", deps, Placement::OwnThread);
///     root.ready("Scheduling");
///     sluice_runtime::stop_signal().await;
///     drop(root);
///     0
/// }));
/// ```
pub fn run<F, Fut>(program: F) -> i32
where
    F: FnOnce(Root) -> Fut,
    Fut: Future<Output = i32>,
{
    run_with(Strategy::OneForOne, TracingEvents, program)
}

/// Like [`run`], with a strategy and an event sink.
pub fn run_with<F, Fut>(strategy: Strategy, events: impl EventSink, program: F) -> i32
where
    F: FnOnce(Root) -> Fut,
    Fut: Future<Output = i32>,
{
    let runtime = match dataplane() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "The runtime could not be started.");
            return EXIT_NO_RUNTIME;
        }
    };
    let options = Options {
        service: Service::from_env(),
        ..Options::default()
    };
    System::with_tokio_rt(|| runtime).block_on(async move {
        let root = match Root::try_start(runtime, strategy, events, options) {
            Ok(root) => root,
            Err(error) => {
                tracing::error!(%error, "The supervision could not be started.");
                return EXIT_NO_RUNTIME;
            }
        };
        let code = program(root.clone()).await;
        root.shutdown().await;
        code
    })
}

/// Waits until the process is asked to stop, by SIGTERM or SIGINT (on Windows: Ctrl-C), and says by which.
pub async fn stop_signal() -> &'static str {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                return tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = tokio::signal::ctrl_c() => "SIGINT",
                };
            }
            Err(error) => tracing::warn!(%error, "SIGTERM cannot be watched."),
        }
    }
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::warn!(%error, "Ctrl-C cannot be watched.");
        std::future::pending::<()>().await;
    }
    "SIGINT"
}
