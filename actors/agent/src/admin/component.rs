//! The component that serves the admin socket.

use super::routes::router;
use crate::hub::Hub;
use actix::{Actor, Handler, Message};
use sluice_contract::{Code, Fault};
use sluice_runtime::{Component, Ctx, Exhausted, RestartPolicy, TaskEnded, supervised};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixListener;

/// Serves the admin socket.
pub(crate) struct LocalAdmin;

/// The socket cannot be served any more.
struct Broken(String);

impl Message for Broken {
    type Result = ();
}

impl Actor for LocalAdmin {
    type Context = Ctx<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let hub = Arc::clone(ctx.deps());
        let cancelled = ctx.cancelled();
        let admin = ctx.handle();
        ctx.spawn_task("serve", async move {
            let served = match bind(&hub.state.socket()) {
                Ok(listener) => axum::serve(listener, router(Arc::clone(&hub)))
                    .with_graceful_shutdown(cancelled.clone().cancelled_owned())
                    .await
                    .map_err(|e| e.to_string()),
                Err(fault) => Err(fault.to_string()),
            };
            if let Err(why) = served
                && !cancelled.is_cancelled()
                && let Err(error) = admin.tell(Broken(why))
            {
                tracing::warn!(%error, "The end of the admin socket went unnoticed.");
            }
        });
    }
}

impl Component for LocalAdmin {
    const NAME: &'static str = "LocalAdmin";
    type Deps = Arc<Hub>;

    fn create(_: &Self::Deps) -> Self {
        Self
    }

    fn policy() -> RestartPolicy {
        RestartPolicy {
            shutdown: Duration::from_secs(2),
            on_exhausted: Exhausted::CoolDown(Duration::from_secs(60)),
            ..RestartPolicy::default()
        }
    }
}

supervised!(LocalAdmin);

impl Handler<Broken> for LocalAdmin {
    type Result = ();

    fn handle(&mut self, Broken(why): Broken, ctx: &mut Self::Context) {
        tracing::error!(why, "The admin socket is down and is opened again.");
        actix::ActorContext::stop(ctx);
    }
}

impl Handler<TaskEnded> for LocalAdmin {
    type Result = ();

    fn handle(&mut self, ended: TaskEnded, ctx: &mut Self::Context) {
        if ended.outcome.is_err() {
            actix::ActorContext::stop(ctx);
        }
    }
}

/// Binds the socket, mode 0600. The agent holds the lock of the state directory, so a socket that is there is a leftover.
fn bind(path: &Path) -> Result<UnixListener, Fault> {
    let failed = |e: std::io::Error| Fault::new(Code::NodeStateFailed, format!("{}: {e}", path.display()));
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(failed(e)),
        _ => {}
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    // Until here the directory's own mode (0700) keeps others out.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    Ok(listener)
}
