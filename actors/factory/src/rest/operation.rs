//! The operations of the contract that this factory serves.

use super::call::Call;
use super::error::ApiError;
use super::{
    documents, factories, gateways, health, keys, linked_services, metrics, nodes, operations, probe, queries, runs,
    status,
};
use crate::app::App;
use crate::state::documents::DocumentKind;
use axum::response::Response;
use std::sync::Arc;

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    FactoriesOfSubscription,
    FactoriesOfGroup,
    Operations,
    Metrics,
    Health,
    FactoryGet,
    FactoryPut,
    FactoryPatch,
    FactoryDelete,
    GatewayList,
    GatewayGet,
    GatewayPut,
    GatewayPatch,
    GatewayDelete,
    GatewayKeys,
    GatewayRegenerateKey,
    GatewayStatus,
    GatewayConnectionInfo,
    GatewayMonitoringData,
    GatewaySyncCredentials,
    NodeGet,
    NodePatch,
    NodeDelete,
    LinkedServiceList,
    LinkedServiceGet,
    LinkedServicePut,
    LinkedServiceDelete,
    TestConnection,
    DatasetList,
    DatasetGet,
    DatasetPut,
    DatasetDelete,
    PipelineList,
    PipelineGet,
    PipelinePut,
    PipelineDelete,
    CreateRun,
    RunGet,
    RunCancel,
    RunQuery,
    ActivityQuery,
}

/// Runs an operation.
pub(crate) async fn run(op: Op, app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    use DocumentKind::{Dataset, LinkedService, Pipeline};
    match op {
        Op::FactoriesOfSubscription | Op::FactoriesOfGroup => factories::list(app, call).await,
        Op::Operations => Ok(operations::list()),
        Op::Metrics => Ok(metrics::page(app)),
        Op::Health => Ok(health::page(app)),
        Op::FactoryGet => factories::get(app, call).await,
        Op::FactoryPut => factories::put(app, call).await,
        Op::FactoryPatch => factories::patch(app, call).await,
        Op::FactoryDelete => factories::delete(app, call).await,
        Op::GatewayList => gateways::list(app, call).await,
        Op::GatewayGet => gateways::get(app, call).await,
        Op::GatewayPut => gateways::put(app, call).await,
        Op::GatewayPatch => gateways::patch(app, call).await,
        Op::GatewayDelete => gateways::delete(app, call).await,
        Op::GatewayKeys => keys::list(app, call).await,
        Op::GatewayRegenerateKey => keys::regenerate(app, call).await,
        Op::GatewayStatus => status::get(app, call).await,
        Op::GatewayConnectionInfo => status::connection_info(app, call).await,
        Op::GatewayMonitoringData => status::monitoring_data(app, call).await,
        Op::GatewaySyncCredentials => status::sync_credentials(app, call).await,
        Op::NodeGet => nodes::get(app, call).await,
        Op::NodePatch => nodes::patch(app, call).await,
        Op::NodeDelete => nodes::delete(app, call).await,
        Op::LinkedServiceList => documents::list(app, call, LinkedService).await,
        Op::LinkedServiceGet => documents::get(app, call, LinkedService).await,
        Op::LinkedServicePut => linked_services::put(app, call).await,
        Op::LinkedServiceDelete => documents::delete(app, call, LinkedService).await,
        Op::TestConnection => probe::test_connection(app, call).await,
        Op::DatasetList => documents::list(app, call, Dataset).await,
        Op::DatasetGet => documents::get(app, call, Dataset).await,
        Op::DatasetPut => documents::put(app, call, Dataset).await,
        Op::DatasetDelete => documents::delete(app, call, Dataset).await,
        Op::PipelineList => documents::list(app, call, Pipeline).await,
        Op::PipelineGet => documents::get(app, call, Pipeline).await,
        Op::PipelinePut => documents::put(app, call, Pipeline).await,
        Op::PipelineDelete => documents::delete(app, call, Pipeline).await,
        Op::CreateRun => runs::create(app, call).await,
        Op::RunGet => runs::get(app, call).await,
        Op::RunCancel => runs::cancel(app, call).await,
        Op::RunQuery => queries::pipeline_runs(app, call).await,
        Op::ActivityQuery => queries::activity_runs(app, call).await,
    }
}
