//! What Azure Data Factory has and this factory does not: answered by name, so that nobody looks for a mistake in the path.

use super::error::ApiError;

/// A part of the path, what it is, and what there is instead.
const KINDS: &[(&str, &str)] = &[
    (
        "adfcdcs",
        "change data capture; a copy with a watermark in its query does this here",
    ),
    (
        "managedvirtualnetworks",
        "managed virtual networks: gateways run in the networks of their owners",
    ),
    (
        "privateendpointconnections",
        "private endpoints: gateways reach stores in their own network",
    ),
    (
        "privatelinkresources",
        "private endpoints: gateways reach stores in their own network",
    ),
    (
        "createdataflowdebugsession",
        "data flows are stored and do not run, so there is nothing to debug",
    ),
    (
        "querydataflowdebugsessions",
        "data flows are stored and do not run, so there is nothing to debug",
    ),
    (
        "adddataflowtodebugsession",
        "data flows are stored and do not run, so there is nothing to debug",
    ),
    (
        "deletedataflowdebugsession",
        "data flows are stored and do not run, so there is nothing to debug",
    ),
    (
        "executedataflowdebugcommand",
        "data flows are stored and do not run, so there is nothing to debug",
    ),
    (
        "configurefactoryrepo",
        "Git configuration: keep documents in Git and send them with `sluice apply`",
    ),
    (
        "getgithubaccesstoken",
        "Git configuration: keep documents in Git and send them with `sluice apply`",
    ),
    (
        "linkedintegrationruntime",
        "linked integration runtimes: every data factory of a deployment has gateways of its own",
    ),
    ("getobjectmetadata", "SSIS: packages do not run here"),
    ("refreshobjectmetadata", "SSIS: packages do not run here"),
    (
        "outboundnetworkdependenciesendpoints",
        "Azure's own runtimes; a gateway needs the addresses in `serviceUrls` of getStatus only",
    ),
];

/// The answer to a path that leads nowhere here.
pub(super) fn answer(method: &str, path: &str) -> ApiError {
    let segments: Vec<String> = path.split('/').map(str::to_lowercase).collect();
    let known = KINDS
        .iter()
        .find(|(part, _)| segments.iter().any(|segment| segment == part));
    // Starting and stopping is for runtimes in Azure; a self-hosted one is started where it is installed.
    let runtime = segments.iter().any(|segment| segment == "integrationruntimes")
        && segments.last().is_some_and(|last| last == "start" || last == "stop");
    match known {
        Some((_, what)) => ApiError::kind_not_served(format!("{method} {path} is not served: {what}")),
        None if runtime => ApiError::kind_not_served(format!(
            "{method} {path} is not served: a self-hosted integration runtime is started and stopped on its machine"
        )),
        None => ApiError::unsupported(method, path, &[]),
    }
}
