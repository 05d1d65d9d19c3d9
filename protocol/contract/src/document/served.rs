//! What a factory runs, in one place: the factory dispatches by these lists, `sluice validate` tells by them, and a test of the
//! factory compares them with what it really does.

/// Types of activities that run.
pub const ACTIVITIES: &[&str] = &[
    "Copy",
    "Delete",
    "GetMetadata",
    "Lookup",
    "Script",
    "SqlServerStoredProcedure",
    "Validation",
];

/// Types of triggers that fire.
pub const TRIGGERS: &[&str] = &[];

/// Types of linked services that are no stores, and are used all the same.
pub const SERVICES: &[&str] = &[];
