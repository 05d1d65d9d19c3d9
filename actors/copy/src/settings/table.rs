//! Every member of a Copy activity, and what happens with it. The table in `docs/adf.md` is made from this one.

use super::value::{is_false, is_set};
use serde_json::Value;

/// Where a member stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In the activity's `typeProperties`.
    Activity,
    /// In `typeProperties.source`.
    Source,
    /// In `typeProperties.sink`.
    Sink,
}

impl Place {
    /// A member's name for people.
    pub(super) fn name_of(self, member: &str) -> String {
        match self {
            Self::Activity => member.to_owned(),
            Self::Source => format!("source.{member}"),
            Self::Sink => format!("sink.{member}"),
        }
    }
}

/// Which values a row is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum When {
    /// All that ask for something.
    Set,
    /// `false`, where nothing said means `true`.
    False,
}

impl When {
    pub(super) fn holds(self, value: &Value) -> bool {
        match self {
            Self::Set => is_set(value),
            Self::False => is_false(value),
        }
    }

    #[cfg(test)]
    fn markdown(self) -> String {
        match self {
            Self::Set => String::new(),
            Self::False => "`false` ".to_owned(),
        }
    }
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// The copy does it.
    Acted,
    /// The store does it, or refuses it.
    Store,
    /// Nothing, and the data that arrives is the same.
    Idle,
    /// The copy does not begin.
    Refused,
}

/// One member, for some of its values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) place: Place,
    /// Its name; behind a dot, a member of the object it is.
    pub(super) member: &'static str,
    pub(super) when: When,
    pub(super) deed: Deed,
    pub(super) text: &'static str,
}

pub(super) const fn row(place: Place, member: &'static str, when: When, deed: Deed, text: &'static str) -> Row {
    Row {
        place,
        member,
        when,
        deed,
        text,
    }
}

use Deed::{Acted, Idle, Refused, Store};
use Place::{Activity, Sink, Source};
use When::{False, Set};

const RETRIES: &str = "the activity's `policy.retry` counts";
const NO_ROUTINES: &str = "stored procedures are not called";

/// The table.
#[rustfmt::skip]
pub(super) const TABLE: &[Row] = &[
    row(Activity, "translator", Set, Acted, "columns are taken, named, ordered and converted by it; see below"),
    row(Activity, "parallelCopies", Set, Acted, "partitions read at the same time; at most 128 are"),
    row(Activity, "validateDataConsistency", Set, Acted, "the sink is read back and compared column by column, before the commit where the store can; rows are counted and compared before every commit, asked or not"),
    row(Activity, "enableStaging", Set, Idle, "every copy is staged at its sink"),
    row(Activity, "stagingSettings", Set, Idle, "every copy is staged at its sink"),
    row(Activity, "dataIntegrationUnits", Set, Idle, "the gateway's own machine does the work"),
    row(Activity, "cloudDataMovementUnits", Set, Idle, "the gateway's own machine does the work"),
    row(Activity, "logSettings", Set, Acted, "what is left out is written to a session log; every log is written before the commit, reliable or not"),
    row(Activity, "logStorageSettings", Set, Acted, "the older form of `logSettings`"),
    row(Activity, "enableSkipIncompatibleRow", Set, Acted, "rows that do not fit are left out, counted in `rowsSkipped` and logged; without a log the first few are told in a warning"),
    row(Activity, "redirectIncompatibleRowSettings", Set, Acted, "the rows that are left out, each with code and reason, in a file of the folder"),
    row(Activity, "skipErrorFile", Set, Acted, "files that are missing, forbidden or inconsistent, or whose names the sink does not take, are left out as its members say"),
    row(Activity, "preserve", Set, Refused, "attributes, owners and access lists are not carried"),
    row(Activity, "preserveRules", Set, Refused, "attributes, owners and access lists are not carried"),

    row(Source, "type", Set, Store, "names the source"),
    row(Source, "query", Set, Store, "is read instead of the table"),
    row(Source, "additionalColumns", Set, Acted, "columns of a text, or of another column with `$$COLUMN:name`, or of the file's path below the dataset's folder with `$$FILEPATH`"),
    row(Source, "storeSettings", Set, Store, "which files are read"),
    row(Source, "formatSettings", Set, Store, "how files are read"),
    row(Source, "partitionOption", Set, Store, "how a database is split; `None` reads it as one; when nothing is said the source finds the best way"),
    row(Source, "partitionSettings", Set, Store, "names of partitions, or column and bounds; what lies outside the bounds is read, too"),
    row(Source, "isolationLevel", Set, Store, "databases read one snapshot; where a weaker one is asked for and used, a warning says so"),
    row(Source, "queryTimeout", Set, Idle, "a copy ends when nothing moves, or with the activity's `policy.timeout`"),
    row(Source, "maxConcurrentConnections", Set, Store, "requests at the same time to a store of files; databases follow `parallelCopies`"),
    row(Source, "disableMetricsCollection", Set, Idle, "nothing is collected"),
    row(Source, "sourceRetryCount", Set, Idle, RETRIES),
    row(Source, "sourceRetryWait", Set, Idle, RETRIES),
    row(Source, "sqlReaderQuery", Set, Store, "the same as `query`"),
    row(Source, "sqlReaderStoredProcedureName", Set, Store, "called by SQL Server; other stores refuse it with `SL6013`"),
    row(Source, "storedProcedureParameters", Set, Store, "of the stored procedure"),
    row(Source, "recursive", False, Refused, "the sources here take it in `storeSettings`"),

    row(Sink, "type", Set, Store, "names the sink"),
    row(Sink, "tableOption", Set, Store, "`autoCreate` makes a table that is not there"),
    row(Sink, "preCopyScript", Set, Store, "runs in the commit"),
    row(Sink, "sqlWriterCleanupScript", Set, Store, "the older name of `preCopyScript`"),
    row(Sink, "writeBehavior", Set, Store, "`insert`, or `upsert` where the store has it; another one is refused with `SL6013`"),
    row(Sink, "writeMethod", Set, Store, "`BulkInsert`, `CopyCommand` and `Upsert`; another one is refused with `SL6013`"),
    row(Sink, "upsertSettings", Set, Store, "`keys` of an upsert; without any, the table's primary key"),
    row(Sink, "storeSettings", Set, Store, "how files are written"),
    row(Sink, "storeSettings.copyBehavior", Set, Acted, "from files into a folder: `PreserveHierarchy` (also when nothing is said) and `FlattenHierarchy` (names `Data.GUID.ENDING`) write a file for every file, `MergeFiles` one for all; a dataset with `fileName` and rows of a database make one file, and a warning says so"),
    row(Sink, "storeSettings.metadata", Set, Refused, "files get no metadata of their own"),
    row(Sink, "formatSettings", Set, Store, "how files are written"),
    row(Sink, "writeBatchSize", Set, Idle, "sizes follow the memory budget"),
    row(Sink, "writeBatchTimeout", Set, Idle, "a copy ends when nothing moves, or with the activity's `policy.timeout`"),
    row(Sink, "maxConcurrentConnections", Set, Store, "requests at the same time to a store of files; databases follow `parallelCopies`"),
    row(Sink, "disableMetricsCollection", Set, Idle, "nothing is collected"),
    row(Sink, "sinkRetryCount", Set, Idle, RETRIES),
    row(Sink, "sinkRetryWait", Set, Idle, RETRIES),
    row(Sink, "sqlWriterUseTableLock", Set, Store, "SQL Server takes the lock; elsewhere what is staged belongs to one copy, and the commit is one transaction"),
    row(Sink, "sqlWriterStoredProcedureName", Set, Refused, NO_ROUTINES),
    row(Sink, "sqlWriterTableType", Set, Refused, NO_ROUTINES),
    row(Sink, "storedProcedureTableTypeParameterName", Set, Refused, NO_ROUTINES),
    row(Sink, "storedProcedureParameters", Set, Refused, NO_ROUTINES),
];

/// The table as it stands in `docs/adf.md`.
#[cfg(test)]
pub(crate) fn markdown() -> String {
    markdown_of(TABLE)
}

#[cfg(test)]
pub(super) fn markdown_of(table: &[Row]) -> String {
    let mut page = "| setting | value | what happens | |\n|---|---|---|---|\n".to_owned();
    for row in table {
        let deed = match row.deed {
            Acted => "done",
            Store => "the store's",
            Idle => "changes nothing, warning",
            Refused => "refused",
        };
        let (name, when) = (row.place.name_of(row.member), row.when.markdown());
        page.push_str(&format!("| `{name}` | {when}| {deed} | {} |\n", row.text));
    }
    page
}
