//! Looking which files are there, for triggers at the factory.

use crate::connector;
use crate::hub::Hub;
use crate::policy::Use;
use crate::scheduler::allowed;
use actix::{Actor, Handler, Message};
use sluice_contract::message::{FilesLook, FilesSeen};
use sluice_contract::{Code, Envelope, Fault, Message as Wire};
use sluice_runtime::{Component, Ctx, TaskEnded, supervised};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Looks at the same time; further ones wait for their turn within their time.
const PLACES: usize = 2;
/// The longest a look may take, with the wait for its turn; the factory waits a little longer.
const LIMIT: Duration = Duration::from_secs(100);

/// The component that looks for files.
pub(crate) struct Looker {
    places: Arc<Semaphore>,
}

/// Look, and answer that envelope.
pub(crate) struct LookFor {
    pub(crate) request: Envelope,
    pub(crate) asked: FilesLook,
}

impl Message for LookFor {
    type Result = ();
}

impl Actor for Looker {
    type Context = Ctx<Self>;
}

impl Component for Looker {
    const NAME: &'static str = "Looker";
    type Deps = Arc<Hub>;

    fn create(_: &Self::Deps) -> Self {
        Self {
            places: Arc::new(Semaphore::new(PLACES)),
        }
    }
}

supervised!(Looker);

impl Handler<LookFor> for Looker {
    type Result = ();

    fn handle(&mut self, LookFor { request, asked }: LookFor, ctx: &mut Self::Context) {
        let (hub, places) = (Arc::clone(ctx.deps()), Arc::clone(&self.places));
        ctx.spawn_task("look", async move {
            let looked = timeout(LIMIT, look(&hub, &places, &asked)).await;
            let parts = looked.unwrap_or_else(|_| {
                let text = format!("the files could not be listed within {} s", LIMIT.as_secs());
                Err(Fault::new(Code::StoreUnreachable, text))
            });
            let parts = parts.unwrap_or_else(|fault| {
                tracing::info!(linked_service = asked.endpoint.name, %fault, "Files were not looked for");
                vec![FilesSeen {
                    look: asked.look.clone(),
                    of: 1,
                    fault: Some(fault),
                    ..FilesSeen::default()
                }]
            });
            for part in parts {
                hub.send(hub.envelope(&Wire::FilesSeen(part)).answering(&request));
            }
        });
    }
}

impl Handler<TaskEnded> for Looker {
    type Result = ();

    fn handle(&mut self, _: TaskEnded, _: &mut Self::Context) {}
}

async fn look(hub: &Arc<Hub>, places: &Semaphore, asked: &FilesLook) -> Result<Vec<FilesSeen>, Fault> {
    let ended = |closed| Fault::new(Code::Internal, format!("no place to look: {closed}"));
    let _place = places.acquire().await.map_err(ended)?;
    allowed(hub, &asked.endpoint, Use::Read).await?;
    let store = connector::lend(hub, &asked.endpoint, false).await?;
    sluice_activities::look(&store, asked).await
}
