//! The paths of v1, below one data factory (`D`).

use super::Collection::{Datasets, LinkedServices, Pipelines};
use super::V1;

/// What `D` stands for.
pub(crate) const D: &str = "subscriptions/*/resourcegroups/*/providers/microsoft.datafactory/datafactories/*";

/// Method, path, operation.
pub(crate) const TABLE: &[(&str, &str, V1)] = &[
    (
        "GET",
        "subscriptions/*/providers/microsoft.datafactory/datafactories",
        V1::FactoryList,
    ),
    (
        "GET",
        "subscriptions/*/resourcegroups/*/providers/microsoft.datafactory/datafactories",
        V1::FactoryList,
    ),
    ("GET", "D", V1::FactoryGet),
    ("PUT", "D", V1::FactoryPut),
    ("DELETE", "D", V1::FactoryDelete),
    ("GET", "D/gateways", V1::GatewayList),
    ("GET", "D/gateways/*", V1::GatewayGet),
    ("PUT", "D/gateways/*", V1::GatewayPut),
    ("DELETE", "D/gateways/*", V1::GatewayDelete),
    ("POST", "D/gateways/*/regeneratekey", V1::GatewayKey),
    ("GET", "D/linkedservices", V1::List(LinkedServices)),
    ("GET", "D/linkedservices/*", V1::Get(LinkedServices)),
    ("PUT", "D/linkedservices/*", V1::Put(LinkedServices)),
    ("DELETE", "D/linkedservices/*", V1::Delete(LinkedServices)),
    ("GET", "D/datasets", V1::List(Datasets)),
    ("GET", "D/datasets/*", V1::Get(Datasets)),
    ("PUT", "D/datasets/*", V1::Put(Datasets)),
    ("DELETE", "D/datasets/*", V1::Delete(Datasets)),
    ("GET", "D/datasets/*/slices", V1::Slices),
    ("PUT", "D/datasets/*/slices/setstatus", V1::SliceStatus),
    // What 2014 called them.
    ("GET", "D/tables", V1::List(Datasets)),
    ("GET", "D/tables/*", V1::Get(Datasets)),
    ("PUT", "D/tables/*", V1::Put(Datasets)),
    ("DELETE", "D/tables/*", V1::Delete(Datasets)),
    ("GET", "D/tables/*/slices", V1::Slices),
    ("PUT", "D/tables/*/slices/setstatus", V1::SliceStatus),
    ("GET", "D/datapipelines", V1::List(Pipelines)),
    ("GET", "D/datapipelines/*", V1::Get(Pipelines)),
    ("PUT", "D/datapipelines/*", V1::Put(Pipelines)),
    ("DELETE", "D/datapipelines/*", V1::Delete(Pipelines)),
    ("POST", "D/datapipelines/*/pause", V1::PipelinePause),
    ("POST", "D/datapipelines/*/suspend", V1::PipelinePause),
    ("POST", "D/datapipelines/*/resume", V1::PipelineResume),
    ("POST", "D/datapipelines/*/setactiveperiod", V1::PipelinePeriod),
];
