//! The thread that notices components which give no sign of life. It belongs to no runtime, so nothing can block it.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::Instant;

use crate::service::Feeding;
use crate::shared::Shared;
use crate::sync::guarded;
use crate::watch::step;

/// Starts the watchdog of a root. It ends by itself when the root is gone.
pub(crate) fn start(shared: &Arc<Shared>) -> std::io::Result<()> {
    let (period, clock) = (shared.options.check_every, shared.options.clock.clone());
    let mut feeding = shared
        .options
        .service
        .as_ref()
        .map(|service| service.feeding(clock.now()));
    let watched = Arc::downgrade(shared);
    thread::Builder::new()
        .name("sluice-watchdog".to_owned())
        .spawn(move || {
            let mut parking = clock.parking();
            let mut last = clock.now();
            loop {
                parking.wait(period);
                let now = clock.now();
                let gap = now.duration_since(last);
                last = now;
                if guarded(|| round(&watched, gap, feeding.as_mut(), now)) == Ok(false) {
                    return;
                }
            }
        })?;
    Ok(())
}

/// Looks at every component, and tells the service manager that we are well when all make progress.
fn round(watched: &Weak<Shared>, gap: std::time::Duration, feeding: Option<&mut Feeding>, now: Instant) -> bool {
    let Some(shared) = watched.upgrade() else {
        return false;
    };
    let (step, on_time) = step(gap, shared.options.check_every);
    let mut progress = true;
    for slot in shared.in_order() {
        progress &= slot.inspect(step);
    }
    if let Some(feeding) = feeding {
        feeding.round(now, on_time && progress, || shared.status_text());
    }
    true
}
