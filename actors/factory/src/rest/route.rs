//! Which operation a path and a method mean. Segments compare without regard to case, as clients spell them freely.

use super::operation::Op;
use super::v1::routes as v1;
use crate::state::documents::DocumentKind::{
    Credential, DataFlow, Dataset, GlobalParameter, LinkedService, Pipeline, Trigger,
};
use axum::http::Method;
use std::sync::LazyLock;

/// Below one data factory.
const F: &str = "subscriptions/*/resourcegroups/*/providers/microsoft.datafactory/factories/*";

/// Method, path (`F` stands for the path of a data factory, `*` for a name), operation.
const TABLE: &[(&str, &str, Op)] = &[
    ("POST", "enrol/v1/nodes", Op::Enrol),
    ("POST", "enrol/v1/node", Op::NodeRequest),
    ("POST", "webhooks/v1/*", Op::WebHookCallback),
    (
        "GET",
        "*/v2.0/.well-known/openid-configuration",
        Op::OpenIdConfiguration,
    ),
    ("GET", "*/.well-known/openid-configuration", Op::OpenIdConfiguration),
    ("GET", "*/discovery/v2.0/keys", Op::SigningKeys),
    ("GET", "common/discovery/instance", Op::InstanceDiscovery),
    ("POST", "*/oauth2/v2.0/token", Op::IssueToken),
    ("POST", "*/oauth2/token", Op::IssueToken),
    ("GET", "openapi.json", Op::OpenApi),
    ("GET", "access/v1/me", Op::WhoAmI),
    ("GET", "access/v1/tokens", Op::TokenList),
    ("PUT", "access/v1/tokens/*", Op::TokenPut),
    ("DELETE", "access/v1/tokens/*", Op::TokenDelete),
    ("GET", "access/v1/clients", Op::ClientList),
    ("PUT", "access/v1/clients/*", Op::ClientPut),
    ("DELETE", "access/v1/clients/*", Op::ClientDelete),
    ("GET", "access/v1/users", Op::UserList),
    ("PUT", "access/v1/users/*", Op::UserPut),
    ("DELETE", "access/v1/users/*", Op::UserDelete),
    ("GET", "access/v1/audit", Op::AuditQuery),
    (
        "GET",
        "subscriptions/*/providers/microsoft.datafactory/factories",
        Op::FactoriesOfSubscription,
    ),
    (
        "GET",
        "subscriptions/*/resourcegroups/*/providers/microsoft.datafactory/factories",
        Op::FactoriesOfGroup,
    ),
    ("GET", "providers/microsoft.datafactory/operations", Op::Operations),
    ("GET", "metrics", Op::Metrics),
    ("GET", "health", Op::Health),
    ("GET", "F", Op::FactoryGet),
    ("PUT", "F", Op::FactoryPut),
    ("PATCH", "F", Op::FactoryPatch),
    ("DELETE", "F", Op::FactoryDelete),
    ("POST", "F/getdataplaneaccess", Op::DataPlaneAccess),
    ("POST", "F/getfeaturevalue", Op::FeatureValue),
    ("POST", "F/queryfeaturesvalue", Op::FeatureValues),
    (
        "POST",
        "subscriptions/*/providers/microsoft.datafactory/locations/*/getfeaturevalue",
        Op::FeatureValue,
    ),
    ("GET", "F/integrationruntimes", Op::GatewayList),
    ("GET", "F/integrationruntimes/*", Op::GatewayGet),
    ("PUT", "F/integrationruntimes/*", Op::GatewayPut),
    ("PATCH", "F/integrationruntimes/*", Op::GatewayPatch),
    ("DELETE", "F/integrationruntimes/*", Op::GatewayDelete),
    ("POST", "F/integrationruntimes/*/listauthkeys", Op::GatewayKeys),
    (
        "POST",
        "F/integrationruntimes/*/regenerateauthkey",
        Op::GatewayRegenerateKey,
    ),
    ("POST", "F/integrationruntimes/*/getstatus", Op::GatewayStatus),
    (
        "POST",
        "F/integrationruntimes/*/getconnectioninfo",
        Op::GatewayConnectionInfo,
    ),
    (
        "POST",
        "F/integrationruntimes/*/monitoringdata",
        Op::GatewayMonitoringData,
    ),
    (
        "POST",
        "F/integrationruntimes/*/synccredentials",
        Op::GatewaySyncCredentials,
    ),
    ("POST", "F/integrationruntimes/*/upgrade", Op::GatewayUpgrade),
    ("POST", "F/integrationruntimes/*/removelinks", Op::GatewayRemoveLinks),
    ("GET", "F/integrationruntimes/*/nodes/*", Op::NodeGet),
    ("PATCH", "F/integrationruntimes/*/nodes/*", Op::NodePatch),
    ("DELETE", "F/integrationruntimes/*/nodes/*", Op::NodeDelete),
    ("POST", "F/integrationruntimes/*/nodes/*/ipaddress", Op::NodeAddress),
    ("GET", "F/linkedservices", Op::DocumentList(LinkedService)),
    ("GET", "F/linkedservices/*", Op::DocumentGet(LinkedService)),
    ("PUT", "F/linkedservices/*", Op::DocumentPut(LinkedService)),
    ("DELETE", "F/linkedservices/*", Op::DocumentDelete(LinkedService)),
    ("POST", "F/linkedservices/*/testconnection", Op::TestConnection),
    ("GET", "F/datasets", Op::DocumentList(Dataset)),
    ("GET", "F/datasets/*", Op::DocumentGet(Dataset)),
    ("PUT", "F/datasets/*", Op::DocumentPut(Dataset)),
    ("DELETE", "F/datasets/*", Op::DocumentDelete(Dataset)),
    ("GET", "F/datasets/*/slices", Op::SliceList),
    ("POST", "F/datasets/*/setslicestatus", Op::SliceSet),
    ("GET", "F/pipelines", Op::DocumentList(Pipeline)),
    ("GET", "F/pipelines/*", Op::DocumentGet(Pipeline)),
    ("PUT", "F/pipelines/*", Op::DocumentPut(Pipeline)),
    ("DELETE", "F/pipelines/*", Op::DocumentDelete(Pipeline)),
    ("GET", "F/dataflows", Op::DocumentList(DataFlow)),
    ("GET", "F/dataflows/*", Op::DocumentGet(DataFlow)),
    ("PUT", "F/dataflows/*", Op::DocumentPut(DataFlow)),
    ("DELETE", "F/dataflows/*", Op::DocumentDelete(DataFlow)),
    ("GET", "F/credentials", Op::DocumentList(Credential)),
    ("GET", "F/credentials/*", Op::DocumentGet(Credential)),
    ("PUT", "F/credentials/*", Op::DocumentPut(Credential)),
    ("DELETE", "F/credentials/*", Op::DocumentDelete(Credential)),
    ("GET", "F/globalparameters", Op::DocumentList(GlobalParameter)),
    ("GET", "F/globalparameters/*", Op::DocumentGet(GlobalParameter)),
    ("PUT", "F/globalparameters/*", Op::DocumentPut(GlobalParameter)),
    ("DELETE", "F/globalparameters/*", Op::DocumentDelete(GlobalParameter)),
    ("GET", "F/triggers", Op::DocumentList(Trigger)),
    ("GET", "F/triggers/*", Op::DocumentGet(Trigger)),
    ("PUT", "F/triggers/*", Op::DocumentPut(Trigger)),
    ("DELETE", "F/triggers/*", Op::DocumentDelete(Trigger)),
    ("POST", "F/triggers/*/start", Op::TriggerStart),
    ("POST", "F/triggers/*/stop", Op::TriggerStop),
    (
        "POST",
        "F/triggers/*/geteventsubscriptionstatus",
        Op::TriggerSubscription,
    ),
    ("POST", "F/triggers/*/subscribetoevents", Op::TriggerSubscribe),
    ("POST", "F/triggers/*/unsubscribefromevents", Op::TriggerUnsubscribe),
    ("POST", "F/querytriggers", Op::TriggerQuery),
    ("POST", "F/triggers/*/triggerruns/*/rerun", Op::TriggerRunRerun),
    ("POST", "F/triggers/*/triggerruns/*/cancel", Op::TriggerRunCancel),
    ("POST", "F/querytriggerruns", Op::TriggerRunQuery),
    ("POST", "F/pipelines/*/createrun", Op::CreateRun),
    ("GET", "F/pipelineruns/*", Op::RunGet),
    ("POST", "F/pipelineruns/*/cancel", Op::RunCancel),
    ("POST", "F/querypipelineruns", Op::RunQuery),
    ("POST", "F/pipelineruns/*/queryactivityruns", Op::ActivityQuery),
];

/// A row of the table, its path in segments.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) segments: Vec<&'static str>,
    pub(crate) op: Op,
}

/// Every route.
pub(crate) fn all() -> &'static [Route] {
    &ROUTES
}

static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let expand = |path: &'static str, short: char, long: &'static str| -> Vec<&'static str> {
        match path.strip_prefix(short) {
            Some(rest) => long
                .split('/')
                .chain(rest.split('/').filter(|s| !s.is_empty()))
                .collect(),
            None => path.split('/').collect(),
        }
    };
    let today = TABLE.iter().map(|(method, path, op)| Route {
        method,
        segments: expand(path, 'F', F),
        op: *op,
    });
    let old = v1::TABLE.iter().map(|(method, path, op)| Route {
        method,
        segments: expand(path, 'D', v1::D),
        op: Op::V1(*op),
    });
    today.chain(old).collect()
});

/// What a request's path means.
pub(crate) enum Found {
    /// An operation, and the names in the path in the caller's spelling.
    Op(Op, Vec<String>),
    /// The path is known, with these methods only.
    Methods(Vec<&'static str>),
    /// The path is not known.
    Nothing,
}

/// Looks a path up.
pub(crate) fn find(method: &Method, path: &str) -> Found {
    let segments: Option<Vec<String>> = path.split('/').filter(|s| !s.is_empty()).map(decode).collect();
    let Some(segments) = segments else {
        return Found::Nothing;
    };
    let mut methods = Vec::new();
    for route in ROUTES.iter().filter(|route| fits(&route.segments, &segments)) {
        if route.method == method.as_str() {
            let names = route
                .segments
                .iter()
                .zip(&segments)
                .filter(|(pattern, _)| **pattern == "*");
            return Found::Op(route.op, names.map(|(_, name)| name.clone()).collect());
        }
        methods.push(route.method);
    }
    if methods.is_empty() {
        Found::Nothing
    } else {
        Found::Methods(methods)
    }
}

fn fits(pattern: &[&str], segments: &[String]) -> bool {
    pattern.len() == segments.len()
        && pattern
            .iter()
            .zip(segments)
            .all(|(pattern, segment)| *pattern == "*" || pattern.eq_ignore_ascii_case(segment))
}

/// The names that say where in the factory a path leads; `None` for a path that leads into no subscription.
pub(crate) fn place<'a>(path: &str, names: &'a [String]) -> Option<&'a [String]> {
    let first = path.split('/').find(|segment| !segment.is_empty());
    first
        .is_some_and(|first| first.eq_ignore_ascii_case("subscriptions"))
        .then_some(names)
}

/// Takes `%41` for `A`; `None` when the result is not text.
pub(crate) fn decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16));
            let (high, low) = (digit(rest.next())?, digit(rest.next())?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn op(method: Method, path: &str) -> Option<(Op, Vec<String>)> {
        match find(&method, path) {
            Found::Op(op, names) => Some((op, names)),
            _ => None,
        }
    }

    #[test]
    fn paths_are_found_in_any_case_and_names_keep_theirs() {
        let f = "/Subscriptions/S-1/RESOURCEGROUPS/Rg/providers/Microsoft.DataFactory/Factories/My%20Factory";
        let (found, names) = op(Method::POST, &format!("{f}/PipelineRuns/r1/queryActivityruns/")).unwrap();
        assert_eq!(found, Op::ActivityQuery);
        assert_eq!(names, ["S-1", "Rg", "My Factory", "r1"]);
        assert_eq!(
            op(Method::GET, &format!("{f}/linkedServices")).unwrap().0,
            Op::DocumentList(LinkedService)
        );
        assert!(matches!(find(&Method::POST, f), Found::Methods(m) if m == ["GET", "PUT", "PATCH", "DELETE"]));
        assert!(matches!(find(&Method::GET, "/nothing/here"), Found::Nothing));
        assert!(matches!(find(&Method::GET, "/subscriptions/%zz"), Found::Nothing));
        assert!(matches!(
            find(
                &Method::GET,
                "/subscriptions/%FF/providers/Microsoft.DataFactory/factories"
            ),
            Found::Nothing
        ));
    }
}
