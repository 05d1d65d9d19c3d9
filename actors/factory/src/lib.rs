//! The control plane: ADF REST, orchestrator, queue, state, the page.
