//! The contract of Data Factory v1 (api-version 2015-10-01), as far as it is recorded: data factories, gateways, linked
//! services, datasets (`tables` in 2014), pipelines, and the slices of datasets.
//!
//! Documents are kept as they were sent, and carried over to today's (`sluice_adf_v1`); those are written through the
//! operations that any client uses, so that secrets are sealed and triggers behave as they always do.

mod carry;
mod documents;
mod factories;
mod gateways;
mod inner;
mod pipelines;
pub(crate) mod routes;

use super::call::Call;
use super::error::ApiError;
use super::slices;
use crate::access::Scope;
use crate::app::App;
use axum::response::Response;
use std::sync::Arc;

/// A collection of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Collection {
    LinkedServices,
    Datasets,
    Pipelines,
}

impl Collection {
    /// Its name in paths.
    pub(super) fn name(self) -> &'static str {
        match self {
            Collection::LinkedServices => "linkedservices",
            Collection::Datasets => "datasets",
            Collection::Pipelines => "datapipelines",
        }
    }
}

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum V1 {
    FactoryList,
    FactoryGet,
    FactoryPut,
    FactoryDelete,
    GatewayList,
    GatewayGet,
    GatewayPut,
    GatewayDelete,
    GatewayKey,
    List(Collection),
    Get(Collection),
    Put(Collection),
    Delete(Collection),
    Slices,
    SliceStatus,
    PipelinePause,
    PipelineResume,
    PipelinePeriod,
}

impl V1 {
    /// The scope that the operation needs, by the same rule as today's operations.
    pub(crate) fn needs(self) -> Scope {
        match self {
            V1::FactoryList
            | V1::FactoryGet
            | V1::GatewayList
            | V1::GatewayGet
            | V1::List(_)
            | V1::Get(_)
            | V1::Slices => Scope::Reader,
            V1::PipelinePause | V1::PipelineResume | V1::SliceStatus => Scope::Operator,
            V1::FactoryPut
            | V1::FactoryDelete
            | V1::GatewayPut
            | V1::GatewayDelete
            | V1::GatewayKey
            | V1::Put(_)
            | V1::Delete(_)
            | V1::PipelinePeriod => Scope::Contributor,
        }
    }
}

/// Runs an operation.
pub(crate) async fn run(op: V1, app: &Arc<App>, call: &Call) -> Result<Response, ApiError> {
    match op {
        V1::FactoryList => factories::list(app, call).await,
        V1::FactoryGet => factories::get(app, call).await,
        V1::FactoryPut => factories::put(app, call).await,
        V1::FactoryDelete => factories::delete(app, call).await,
        V1::GatewayList => gateways::list(app, call).await,
        V1::GatewayGet => gateways::get(app, call).await,
        V1::GatewayPut => gateways::put(app, call).await,
        V1::GatewayDelete => gateways::delete(app, call).await,
        V1::GatewayKey => gateways::regenerate(app, call).await,
        V1::List(collection) => documents::list(app, call, collection).await,
        V1::Get(collection) => documents::get(app, call, collection).await,
        V1::Put(collection) => documents::put(app, call, collection).await,
        V1::Delete(collection) => documents::delete(app, call, collection).await,
        V1::Slices => slices::list(app, call).await,
        V1::SliceStatus => slices::set(app, call).await,
        V1::PipelinePause => pipelines::pause(app, call, true).await,
        V1::PipelineResume => pipelines::pause(app, call, false).await,
        V1::PipelinePeriod => pipelines::period(app, call).await,
    }
}
