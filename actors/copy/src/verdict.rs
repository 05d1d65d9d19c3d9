//! Which of several faults a copy ends with.

use sluice_contract::Fault;

/// The fault the copy ends with: the first one, but reading is the cause when both sides fail.
#[derive(Default)]
pub(crate) struct Verdict {
    fault: Option<Fault>,
    of_write: bool,
}

impl Verdict {
    pub(crate) fn read(&mut self, fault: Fault) {
        if self.fault.is_none() || self.of_write {
            *self = Self {
                fault: Some(fault),
                of_write: false,
            };
        }
    }

    pub(crate) fn write(&mut self, fault: Fault) {
        if self.fault.is_none() {
            *self = Self {
                fault: Some(fault),
                of_write: true,
            };
        }
    }

    /// A decision from outside; what fails because of it is a consequence.
    pub(crate) fn decided(&mut self, fault: Fault) {
        if self.fault.is_none() {
            self.read(fault);
        }
    }

    /// Whether the copy has failed.
    pub(crate) fn is_reached(&self) -> bool {
        self.fault.is_some()
    }

    pub(crate) fn into_fault(self) -> Option<Fault> {
        self.fault
    }
}
