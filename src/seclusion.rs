//! What other programs of the same user may see of this one.

/// Set to `1`, debuggers and core dumps of the service's own user may look into the process.
const TRACEABLE: &str = "SLUICE_TRACEABLE";

/// Keeps the memory and the environment of this process from other processes of its user, and out of core dumps: passwords
/// pass through both. `root` still sees them (`CAP_SYS_PTRACE`). The units say `LimitCORE=0` as well; this holds without them, too.
pub(crate) fn begin() {
    if std::env::var(TRACEABLE).is_ok_and(|asked| asked == "1") {
        return;
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable) {
        // A kernel or a filter that forbids the call is no reason not to work.
        tracing::warn!(%error, "other processes of this user can read the memory of this one");
    }
}
