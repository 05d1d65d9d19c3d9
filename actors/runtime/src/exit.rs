//! The exit codes that the supervision itself ends the process with.

/// Too many component threads hang and cannot be ended: EX_SOFTWARE of sysexits.h. A new process has none.
pub const EXIT_HUNG_THREADS: i32 = 70;

/// The runtime or the supervision cannot be started: EX_OSERR of sysexits.h.
pub const EXIT_NO_RUNTIME: i32 = 71;
