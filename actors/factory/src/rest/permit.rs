//! Which scope each operation needs, and whether somebody has it.

use super::operation::Op;
use crate::access::{Identity, Scope};
use crate::state::audit::Entry;
use sluice_contract::{Code, Fault};

impl Op {
    /// The scope that the operation needs; `None` is for everybody, with or without a token.
    ///
    /// Looking needs `reader`, unless what is shown is a secret. Starting and stopping needs `operator`, changing
    /// `contributor`. `admin` is for who may do what.
    pub(crate) fn needs(self) -> Option<Scope> {
        use Scope::{Admin, Contributor, Operator, Reader};
        Some(match self {
            Op::Enrol
            | Op::NodeRequest
            | Op::WebHookCallback
            | Op::OpenIdConfiguration
            | Op::SigningKeys
            | Op::InstanceDiscovery
            | Op::IssueToken => {
                return None;
            }
            Op::FactoriesOfSubscription
            | Op::FactoriesOfGroup
            | Op::Operations
            | Op::OpenApi
            | Op::WhoAmI
            | Op::Metrics
            | Op::Health
            | Op::FactoryGet
            | Op::FeatureValue
            | Op::FeatureValues
            | Op::DataPlaneAccess
            | Op::GatewayList
            | Op::GatewayGet
            | Op::GatewayStatus
            | Op::GatewayConnectionInfo
            | Op::GatewayMonitoringData
            | Op::NodeGet
            | Op::NodeAddress
            | Op::DocumentList(_)
            | Op::DocumentGet(_)
            | Op::RunGet
            | Op::SliceList
            | Op::RunQuery
            | Op::ActivityQuery
            | Op::TriggerSubscription
            | Op::TriggerQuery
            | Op::TriggerRunQuery => Reader,
            Op::V1(op) => op.needs(),
            Op::TestConnection
            | Op::GatewaySyncCredentials
            | Op::GatewayUpgrade
            | Op::CreateRun
            | Op::SliceSet
            | Op::RunCancel
            | Op::TriggerStart
            | Op::TriggerStop
            | Op::TriggerSubscribe
            | Op::TriggerUnsubscribe
            | Op::TriggerRunRerun
            | Op::TriggerRunCancel => Operator,
            Op::FactoryPut
            | Op::FactoryPatch
            | Op::FactoryDelete
            | Op::GatewayPut
            | Op::GatewayPatch
            | Op::GatewayDelete
            | Op::GatewayKeys
            | Op::GatewayRegenerateKey
            | Op::GatewayRemoveLinks
            | Op::NodePatch
            | Op::NodeDelete
            | Op::DocumentPut(_)
            | Op::DocumentDelete(_) => Contributor,
            Op::TokenList
            | Op::TokenPut
            | Op::TokenDelete
            | Op::ClientList
            | Op::ClientPut
            | Op::ClientDelete
            | Op::UserList
            | Op::UserPut
            | Op::UserDelete
            | Op::AuditQuery => Admin,
        })
    }

    /// Whether even somebody who counts only in a part of the factory may ask.
    fn is_for_every_place(self) -> bool {
        matches!(self, Op::Operations | Op::OpenApi | Op::WhoAmI)
    }
}

/// Checks that somebody may do something. `names` are those of the path, when the path is one of a subscription.
///
/// # Errors
/// `SL4051`.
pub(crate) fn check(op: Op, identity: &Identity, names: Option<&[String]>) -> Result<(), Fault> {
    let Some(needed) = op.needs() else { return Ok(()) };
    if !identity.may(needed) {
        let has = identity.scope.map_or("none", Scope::as_str);
        let what = format!(
            "this needs the scope {}, and {} has {has}",
            needed.as_str(),
            who(identity)
        );
        return Err(Fault::new(Code::ScopeMissing, what));
    }
    let place = names.unwrap_or_default();
    if identity.within.holds(place) || op.is_for_every_place() {
        return Ok(());
    }
    let what = format!("{} counts within {} only", who(identity), identity.within.text());
    Err(Fault::new(Code::ScopeMissing, what))
}

fn who(identity: &Identity) -> String {
    format!("the {} {}", identity.actor.as_str(), identity.name)
}

/// What the audit log says of a request.
pub(crate) fn entry(op: Op, identity: &Identity, path: &str) -> Entry {
    Entry {
        kind: identity.actor.as_str().to_owned(),
        actor: identity.name.clone(),
        address: identity.address.to_string(),
        operation: op.name(),
        target: path.to_owned(),
        ..Entry::default()
    }
}
