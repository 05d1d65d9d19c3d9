//! Components that were given up, as conditions: the agent goes on without them, and says so.

use super::{Board, Severity, Topic};
use sluice_contract::{Code, Fault};
use sluice_runtime::{Health, Snapshot};

/// Puts every component that was given up on the board, and takes those off that work again.
pub(crate) fn note_components(board: &Board, components: &[(String, Health, Snapshot)]) {
    let mut down = Vec::new();
    for (id, _, snapshot) in components {
        let Some(escalation) = &snapshot.escalation else {
            continue;
        };
        let then = if escalation.cools_down {
            "it is started again after a while"
        } else {
            "it stays down until it is restarted"
        };
        let text = format!(
            "component {id} failed too often and {then}; last: {}",
            escalation.reason
        );
        board.raise(
            Topic::Component(id.clone()),
            Severity::Error,
            &Fault::new(Code::ComponentDown, text),
        );
        down.push(id.as_str());
    }
    board.keep_components(&down);
}
