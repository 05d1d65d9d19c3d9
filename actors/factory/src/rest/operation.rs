//! The operations of the contract that this factory serves.

use super::call::Call;
use super::error::ApiError;
use super::{
    accounts, api, audit, documents, enrol, exposure, factories, gateways, global_parameters, health, keys,
    linked_services, metrics, nodes, oauth, operations, probe, queries, runs, status, upgrade,
};
use crate::app::App;
use crate::state::documents::DocumentKind;
use axum::response::Response;
use std::sync::Arc;

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Enrol,
    OpenIdConfiguration,
    SigningKeys,
    InstanceDiscovery,
    IssueToken,
    WhoAmI,
    OpenApi,
    TokenList,
    TokenPut,
    TokenDelete,
    ClientList,
    ClientPut,
    ClientDelete,
    UserList,
    UserPut,
    UserDelete,
    AuditQuery,
    FactoriesOfSubscription,
    FactoriesOfGroup,
    Operations,
    Metrics,
    Health,
    FactoryGet,
    FactoryPut,
    FactoryPatch,
    FactoryDelete,
    FeatureValue,
    FeatureValues,
    DataPlaneAccess,
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
    GatewayUpgrade,
    GatewayRemoveLinks,
    NodeGet,
    NodePatch,
    NodeDelete,
    NodeAddress,
    DocumentList(DocumentKind),
    DocumentGet(DocumentKind),
    DocumentPut(DocumentKind),
    DocumentDelete(DocumentKind),
    TestConnection,
    CreateRun,
    RunGet,
    RunCancel,
    RunQuery,
    ActivityQuery,
}

impl Op {
    /// Its name in the audit log and in the OpenAPI document, such as `PipelinePut`.
    pub(crate) fn name(self) -> String {
        match self {
            Op::DocumentList(kind) => format!("{kind:?}List"),
            Op::DocumentGet(kind) => format!("{kind:?}Get"),
            Op::DocumentPut(kind) => format!("{kind:?}Put"),
            Op::DocumentDelete(kind) => format!("{kind:?}Delete"),
            other => format!("{other:?}"),
        }
    }
}

/// Runs an operation.
pub(crate) async fn run(op: Op, app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    use DocumentKind::{GlobalParameter, LinkedService};
    match op {
        Op::Enrol => enrol::enrol(app, call, call.identity.address).await,
        Op::OpenIdConfiguration => Ok(oauth::configuration(app, call)),
        Op::SigningKeys => Ok(oauth::signing_keys()),
        Op::InstanceDiscovery => Ok(oauth::discovery(app, call)),
        Op::IssueToken => oauth::token(app, call).await,
        Op::WhoAmI => Ok(accounts::who_am_i(call)),
        Op::OpenApi => Ok(api::page()),
        Op::TokenList => accounts::list_tokens(app).await,
        Op::TokenPut => accounts::put_token(app, call).await,
        Op::TokenDelete => accounts::delete_token(app, call).await,
        Op::ClientList => accounts::list_clients(app).await,
        Op::ClientPut => accounts::put_client(app, call).await,
        Op::ClientDelete => accounts::delete_client(app, call).await,
        Op::UserList => accounts::list_users(app).await,
        Op::UserPut => accounts::put_user(app, call).await,
        Op::UserDelete => accounts::delete_user(app, call).await,
        Op::AuditQuery => audit::query(app, call).await,
        Op::FactoriesOfSubscription | Op::FactoriesOfGroup => factories::list(app, call).await,
        Op::Operations => Ok(operations::list()),
        Op::Metrics => Ok(metrics::page(app)),
        Op::Health => Ok(health::page(app)),
        Op::FactoryGet => factories::get(app, call).await,
        Op::FactoryPut => factories::put(app, call).await,
        Op::FactoryPatch => factories::patch(app, call).await,
        Op::FactoryDelete => factories::delete(app, call).await,
        Op::FeatureValue => exposure::one(call),
        Op::FeatureValues => exposure::several(call),
        Op::DataPlaneAccess => factories::data_plane_access(app, call).await,
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
        Op::GatewayUpgrade => upgrade::upgrade(app, call).await,
        Op::GatewayRemoveLinks => upgrade::remove_links(app, call).await,
        Op::NodeGet => nodes::get(app, call).await,
        Op::NodePatch => nodes::patch(app, call).await,
        Op::NodeDelete => nodes::delete(app, call).await,
        Op::NodeAddress => nodes::address(app, call).await,
        Op::DocumentList(GlobalParameter) => global_parameters::list(app, call).await,
        Op::DocumentGet(GlobalParameter) => global_parameters::get(app, call).await,
        Op::DocumentPut(GlobalParameter) => global_parameters::put(app, call).await,
        Op::DocumentDelete(GlobalParameter) => global_parameters::delete(app, call).await,
        Op::DocumentPut(LinkedService) => linked_services::put(app, call).await,
        Op::DocumentList(kind) => documents::list(app, call, kind).await,
        Op::DocumentGet(kind) => documents::get(app, call, kind).await,
        Op::DocumentPut(kind) => documents::put(app, call, kind).await,
        Op::DocumentDelete(kind) => documents::delete(app, call, kind).await,
        Op::TestConnection => probe::test_connection(app, call).await,
        Op::CreateRun => runs::create(app, call).await,
        Op::RunGet => runs::get(app, call).await,
        Op::RunCancel => runs::cancel(app, call).await,
        Op::RunQuery => queries::pipeline_runs(app, call).await,
        Op::ActivityQuery => queries::activity_runs(app, call).await,
    }
}
