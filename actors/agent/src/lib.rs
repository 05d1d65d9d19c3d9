//! The gateway node: queue listener, job scheduler, credential vault, connectors, updater.
