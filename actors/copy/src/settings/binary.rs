//! Every member of a Copy activity between datasets of type Binary, and what happens with it.

use super::rule::check_in;
#[cfg(test)]
use super::table::markdown_of;
use super::table::{Deed, Place, Row, When, row};
use Deed::{Acted, Idle, Refused, Store};
use Place::{Activity, Sink, Source};
use When::Set;
use sluice_contract::{Fault, Object};

const NO_ROWS: &str = "files are copied as they are: there are no rows and no columns";

/// The table.
#[rustfmt::skip]
pub(super) const TABLE: &[Row] = &[
    row(Activity, "parallelCopies", Set, Acted, "files at the same time; 8 when nothing is said, and at most 128"),
    row(Activity, "validateDataConsistency", Set, Acted, "what was written is read back and its MD5 compared, unless the store tells the MD5 itself; sizes are compared asked or not"),
    row(Activity, "skipErrorFile", Set, Acted, "with several files: those that are missing (unless it says false), forbidden, inconsistent or of invalid names are left out"),
    row(Activity, "logSettings", Set, Acted, "what is left out is written to a session log"),
    row(Activity, "logStorageSettings", Set, Acted, "the older form of `logSettings`"),
    row(Activity, "preserve", Set, Acted, "`Attributes`, between stores that keep them beside files; another word is refused"),
    row(Activity, "preserveRules", Set, Refused, "owners and access lists are not carried"),
    row(Activity, "translator", Set, Idle, NO_ROWS),
    row(Activity, "enableSkipIncompatibleRow", Set, Idle, NO_ROWS),
    row(Activity, "redirectIncompatibleRowSettings", Set, Idle, NO_ROWS),
    row(Activity, "enableStaging", Set, Idle, "every file is staged at its sink"),
    row(Activity, "stagingSettings", Set, Idle, "every file is staged at its sink"),
    row(Activity, "dataIntegrationUnits", Set, Idle, "the gateway's own machine does the work"),
    row(Activity, "cloudDataMovementUnits", Set, Idle, "the gateway's own machine does the work"),

    row(Source, "type", Set, Store, "names the source"),
    row(Source, "storeSettings", Set, Store, "which files are read; with `deleteFilesAfterCompletion` those that were copied are deleted, in the version that was read"),
    row(Source, "formatSettings", Set, Acted, "`preserveZipFileNameAsFolder`, `preserveCompressionFileNameAsFolder`: whether what an archive holds comes into a folder of its name"),
    row(Source, "maxConcurrentConnections", Set, Store, "requests at the same time"),
    row(Source, "disableMetricsCollection", Set, Idle, "nothing is collected"),
    row(Source, "sourceRetryCount", Set, Idle, "the activity's `policy.retry` counts"),
    row(Source, "sourceRetryWait", Set, Idle, "the activity's `policy.retry` counts"),

    row(Sink, "type", Set, Store, "names the sink"),
    row(Sink, "storeSettings", Set, Store, "how files are written"),
    row(Sink, "storeSettings.copyBehavior", Set, Acted, "`PreserveHierarchy`, `FlattenHierarchy` (names `Data.GUID.ENDING`, the same in every attempt), `MergeFiles` (in the order of their paths)"),
    row(Sink, "storeSettings.metadata", Set, Acted, "texts beside every file, in stores that keep them"),
    row(Sink, "maxConcurrentConnections", Set, Store, "files and requests at the same time"),
    row(Sink, "formatSettings", Set, Idle, "files are written as they are"),
    row(Sink, "disableMetricsCollection", Set, Idle, "nothing is collected"),
    row(Sink, "sinkRetryCount", Set, Idle, "the activity's `policy.retry` counts"),
    row(Sink, "sinkRetryWait", Set, Idle, "the activity's `policy.retry` counts"),
];

/// Checks the settings of a copy of files; gives warnings about those that change nothing.
///
/// # Errors
/// As [`super::Asked::read`].
pub(crate) fn check_files(settings: &Object, source: &Object, sink: &Object) -> Result<Vec<String>, Fault> {
    let mut idle = Vec::new();
    check_in(TABLE, Activity, settings, &mut idle)?;
    check_in(TABLE, Source, source, &mut idle)?;
    check_in(TABLE, Sink, sink, &mut idle)?;
    if idle.is_empty() {
        return Ok(Vec::new());
    }
    let names = idle.join(", ");
    Ok(vec![format!(
        "these settings change nothing here and were left alone: {names}"
    )])
}

/// The table as it stands in `docs/adf.md`.
#[cfg(test)]
pub(crate) fn markdown() -> String {
    markdown_of(TABLE).replacen("| setting | value |", "| setting of copies of files | value |", 1)
}
