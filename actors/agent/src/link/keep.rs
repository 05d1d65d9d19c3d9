//! Keeping the link up: connect, serve, and after any error drop it all, pause and connect again. Copies go on meanwhile.

use super::component::QueueListener;
use super::session::Session;
use super::state::ChannelState;
use crate::health::{Severity, Topic};
use crate::hub::Hub;
use crate::pauses::Pauses;
use sluice_contract::Code;
use sluice_runtime::Handle;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// A session that held this long was a good one: the next pause is short again.
const GOOD: Duration = Duration::from_secs(30);

/// Runs until the agent closes or the component is restarted.
pub(super) async fn keep(hub: Arc<Hub>, listener: Handle<QueueListener>, cancelled: CancellationToken) {
    let mut pauses = Pauses::new(hub.tuning.reconnect_min, hub.tuning.reconnect_max);
    let closing = async {
        tokio::select! {
            () = hub.closing.cancelled() => {}
            () = cancelled.cancelled() => {}
        }
    };
    tokio::pin!(closing);
    loop {
        hub.link.set(ChannelState::Connecting, None);
        let opened = tokio::select! {
            biased;
            () = &mut closing => break,
            opened = Session::open(&hub, &listener) => opened,
        };
        let fault = match opened {
            Err(fault) => fault,
            Ok(session) => {
                hub.board.clear(&Topic::Channel);
                hub.board.clear(&Topic::Membership);
                let begun = Instant::now();
                let Some(fault) = session.serve(&mut closing).await else {
                    break;
                };
                if begun.elapsed() >= GOOD {
                    pauses.reset();
                }
                fault
            }
        };
        hub.link.set(ChannelState::Disconnected, Some(&fault));
        hub.board.raise(Topic::Channel, Severity::Error, &fault);
        if matches!(fault.code, Code::ChannelRefused | Code::NodeUnknown) {
            // It may be let in again later, so it goes on trying, but not often.
            pauses.next();
        }
        let pause = pauses.next();
        tracing::warn!(%fault, pause_ms = pause.as_millis(), "The control channel is down; it is tried again.");
        tokio::select! {
            biased;
            () = &mut closing => break,
            () = tokio::time::sleep(pause) => {}
        }
    }
    hub.link.set(ChannelState::Closed, None);
}
