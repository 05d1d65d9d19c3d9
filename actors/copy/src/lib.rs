//! The data plane: plan, read, write, verify, commit; the ledger.
