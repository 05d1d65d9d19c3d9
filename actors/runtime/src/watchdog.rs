//! The thread that notices components which give no sign of life. It belongs to no runtime, so nothing can block it.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::Instant;

use crate::shared::Shared;
use crate::sync::guarded;

/// Starts the watchdog of a root. It ends by itself when the root is gone.
pub(crate) fn start(shared: &Arc<Shared>) -> std::io::Result<()> {
    let period = shared.options.check_every;
    let watched = Arc::downgrade(shared);
    thread::Builder::new()
        .name("sluice-watchdog".to_owned())
        .spawn(move || {
            let mut last = Instant::now();
            loop {
                thread::sleep(period);
                let now = Instant::now();
                // A longer gap means that we ourselves did not run: a paused machine, not a hung component.
                let step = now.duration_since(last).min(period * 2);
                last = now;
                if guarded(|| round(&watched, step)) == Ok(false) {
                    return;
                }
            }
        })?;
    Ok(())
}

fn round(watched: &Weak<Shared>, step: std::time::Duration) -> bool {
    let Some(shared) = watched.upgrade() else {
        return false;
    };
    for slot in shared.in_order() {
        slot.inspect(step);
    }
    true
}
