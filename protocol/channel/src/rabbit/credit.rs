//! Credit on a protocol that has none. AMQP 0-9-1 knows how many deliveries may be unsettled (prefetch), not how many may
//! still come; quorum queues do not let that number be changed while a consumer runs.
//!
//! So settlements are timed: a delivery is settled with the broker only when the delivery that this lets through is covered
//! by credit. This is the arithmetic of it; [`super::consumer`] does what it says.

/// What a consumer may still get, and what it holds.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// Deliveries that the user allows beyond those handed over.
    credit: u32,
    /// How many unsettled ones the broker allows the running consumer; 0 when none runs.
    prefetch: u32,
    /// How many of the running consumer's the broker waits for.
    unsettled: u32,
}

impl Window {
    /// Deliveries that the user still allows.
    pub(super) fn credit(&self) -> u32 {
        self.credit
    }

    /// Allows more.
    pub(super) fn allow(&mut self, more: u32) {
        self.credit = self.credit.saturating_add(more);
    }

    /// Withdraws all credit.
    pub(super) fn withdraw(&mut self) {
        self.credit = 0;
    }

    /// A consumer runs with all credit as its prefetch, which is what this gives.
    pub(super) fn opened(&mut self, limit: u16) -> u16 {
        let prefetch = u16::try_from(self.credit).unwrap_or(limit).min(limit);
        self.prefetch = u32::from(prefetch);
        self.unsettled = 0;
        prefetch
    }

    /// No consumer runs; what it holds counts no more.
    pub(super) fn closed(&mut self) {
        self.prefetch = 0;
        self.unsettled = 0;
    }

    /// A delivery of the running consumer, or of one that just closed.
    pub(super) fn arrived(&mut self, running: bool) {
        self.credit = self.credit.saturating_sub(1);
        self.unsettled += u32::from(running);
    }

    /// One of the running consumer's was settled with the broker.
    pub(super) fn settled(&mut self) {
        self.unsettled = self.unsettled.saturating_sub(1);
    }

    /// How many the broker may send now.
    fn coming(&self) -> u32 {
        self.prefetch.saturating_sub(self.unsettled)
    }

    /// Whether the user allows more than the broker would send: then one of the running consumer's may be settled, which
    /// lets one more through.
    pub(super) fn has_room(&self) -> bool {
        self.coming() < self.credit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_settlement_waits_for_credit() {
        let mut window = Window::default();
        window.allow(2);
        assert!(window.has_room());
        assert_eq!(window.opened(u16::MAX), 2);
        assert!(!window.has_room());
        window.arrived(true);
        // One came, one is allowed, and one may come: settling would let a second one through.
        assert!(!window.has_room());
        window.allow(1);
        assert!(window.has_room());
        window.settled();
        assert!(!window.has_room());
        window.withdraw();
        window.closed();
        assert!(!window.has_room());
        assert_eq!(window.credit(), 0);
    }
}
