//! What a factory runs, in one place: the factory dispatches by these lists, `sluice validate` tells by them, and a test of the
//! factory compares them with what it really does.

/// Types of activities that run.
pub const ACTIVITIES: &[&str] = &[
    "AppendVariable",
    "Copy",
    "Delete",
    "ExecutePipeline",
    "Fail",
    "Filter",
    "ForEach",
    "GetMetadata",
    "IfCondition",
    "Lookup",
    "Script",
    "SetVariable",
    "SqlServerStoredProcedure",
    "Switch",
    "Until",
    "Validation",
    "Wait",
    "WebActivity",
    "WebHook",
];

/// Types of triggers that fire.
pub const TRIGGERS: &[&str] = &["BlobEventsTrigger", "ScheduleTrigger", "TumblingWindowTrigger"];

/// Types of triggers that are kept as they are and cannot be started.
pub const STORED_TRIGGERS: &[&str] = &["CustomEventsTrigger", "ChainingTrigger", "RerunTumblingWindowTrigger"];

/// Types of linked services that are no stores, and are used all the same.
pub const SERVICES: &[&str] = &[];
