"""The published Azure SDKs for Python, unmodified, through the operations that a factory serves.

    operations.py FACTS.json     runs with azure-mgmt-datafactory 9.3.0 or 10.0.0, whichever is there

Who asks is azure-identity's ClientSecretCredential. The last line of standard output is one JSON value.
"""

import io
import json
import sys
import time
from datetime import datetime, timedelta, timezone

import azure.mgmt.datafactory as package
from azure.core import MatchConditions
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.mgmt.datafactory import DataFactoryManagementClient
from azure.mgmt.datafactory import models as m

GROUP, FACTORY, GATEWAY = "rg", "df", "onprem"
NEW = package.__version__.startswith("10.")
DEADLINE_S = 180


def document(model, plain):
    """A document as it stands in a file: 10.0.0 takes it as it is, 9.3.0 through its models, and what they do not know as bytes."""
    if NEW:
        return plain
    text = json.dumps(plain)
    return io.BytesIO(text.encode()) if '"Sqlite' in text else model.deserialize(plain)


def versions(etag, same):
    """The argument that says which version of a document is meant."""
    if not NEW:
        return {"if_match": etag} if same else {"if_none_match": etag}
    return {"etag": etag, "match_condition": MatchConditions.IfNotModified if same else MatchConditions.IfModified}


def refused(call, status, *words):
    try:
        call()
    except HttpResponseError as error:
        assert error.status_code == status, error
        for word in words:
            assert word in str(error), (word, str(error))
        return
    raise AssertionError(f"{call} was not refused")


def connect(facts, secret):
    credential = ClientSecretCredential(
        "sluice", facts["clientId"], secret, authority=facts["url"], disable_instance_discovery=True,
        connection_verify=facts["ca"],
    )
    return DataFactoryManagementClient(
        credential, "sub", base_url=facts["url"], credential_scopes=["https://sluice.local/.default"],
        connection_verify=facts["ca"], polling_interval=1,
    )


def factories(c):
    made = c.factories.create_or_update(GROUP, FACTORY, m.Factory(location="onprem", tags={"a": "b"}))
    assert made.provisioning_state == "Succeeded", made
    assert c.factories.get(GROUP, FACTORY).name == FACTORY
    assert c.factories.update(GROUP, FACTORY, m.FactoryUpdateParameters(tags={"x": "y"})).tags == {"x": "y"}
    assert FACTORY in [f.name for f in c.factories.list_by_resource_group(GROUP)]
    assert FACTORY in [f.name for f in c.factories.list()]
    plane = c.factories.get_data_plane_access(
        GROUP, FACTORY, m.UserAccessPolicy(permissions="r", access_resource_path="", profile_name="DefaultProfile"))
    assert plane.data_plane_url.startswith("https://"), plane
    answer = c.exposure_control.get_feature_value_by_factory(GROUP, FACTORY, m.ExposureControlRequest(feature_name="F"))
    assert (answer.feature_name, answer.value) == ("F", "False"), answer
    answer = c.exposure_control.get_feature_value("here", m.ExposureControlRequest(feature_name="F"))
    assert answer.value == "False", answer
    answers = c.exposure_control.query_feature_values_by_factory(
        GROUP, FACTORY, m.ExposureControlBatchRequest(exposure_control_requests=[m.ExposureControlRequest(feature_name="G")]))
    assert answers.exposure_control_responses[0].value == "False", answers
    names = [operation.name for operation in c.operations.list()]
    assert "Microsoft.DataFactory/factories/pipelines/createrun/action" in names, names
    return len(names)


def runtimes(c):
    # 10.0.0 loses the type of what is built with keyword arguments.
    c.integration_runtimes.create_or_update(
        GROUP, FACTORY, "spare", m.IntegrationRuntimeResource(properties=m.SelfHostedIntegrationRuntime(description="d")))
    spare = c.integration_runtimes.get(GROUP, FACTORY, "spare")
    assert spare.properties.type == "SelfHosted", spare
    c.integration_runtimes.update(GROUP, FACTORY, "spare", m.UpdateIntegrationRuntimeRequest(auto_update="Off"))
    keys = c.integration_runtimes.list_auth_keys(GROUP, FACTORY, "spare")
    again = c.integration_runtimes.regenerate_auth_key(
        GROUP, FACTORY, "spare", m.IntegrationRuntimeRegenerateKeyParameters(key_name="authKey1"))
    assert again.auth_key1 and again.auth_key1 != keys.auth_key1 and not again.auth_key2
    assert {i.name for i in c.integration_runtimes.list_by_factory(GROUP, FACTORY)} == {GATEWAY, "spare"}
    status = c.integration_runtimes.get_status(GROUP, FACTORY, GATEWAY)
    assert status.properties.state == "Online", status.properties
    node = status.properties.nodes[0].node_name
    assert c.integration_runtimes.get_connection_info(GROUP, FACTORY, GATEWAY).public_key
    data = c.integration_runtimes.get_monitoring_data(GROUP, FACTORY, GATEWAY)
    assert [n.node_name for n in data.nodes] == [node], data
    c.integration_runtimes.sync_credentials(GROUP, FACTORY, GATEWAY)
    c.integration_runtimes.upgrade(GROUP, FACTORY, GATEWAY)
    c.integration_runtimes.remove_links(
        GROUP, FACTORY, GATEWAY, m.LinkedIntegrationRuntimeRequest(linked_factory_name="other"))
    nodes = c.integration_runtime_nodes
    assert nodes.get(GROUP, FACTORY, GATEWAY, node).status == "Online"
    assert nodes.get_ip_address(GROUP, FACTORY, GATEWAY, node).ip_address == "127.0.0.1"
    limit = m.UpdateIntegrationRuntimeNodeRequest(concurrent_jobs_limit=3)
    assert nodes.update(GROUP, FACTORY, GATEWAY, node, limit).concurrent_jobs_limit == 3
    nodes.delete(GROUP, FACTORY, GATEWAY, "nobody")
    c.integration_runtimes.delete(GROUP, FACTORY, "spare")
    c.integration_runtimes.delete(GROUP, FACTORY, "spare")


def stored(c):
    parameters = {"env": {"type": "String", "value": "prod"}}
    resource = document(m.GlobalParameterResource, {"properties": parameters})
    c.global_parameters.create_or_update(GROUP, FACTORY, "default", resource)
    read = c.global_parameters.get(GROUP, FACTORY, "default")
    assert read.properties["env"].value == "prod", read
    assert [g.name for g in c.global_parameters.list_by_factory(GROUP, FACTORY)] == ["default"]
    c.global_parameters.delete(GROUP, FACTORY, "default")
    plain = {"properties": {"type": "ManagedIdentity", "typeProperties": {"resourceId": "/x"}}}
    model = m.CredentialResource
    c.credential_operations.create_or_update(GROUP, FACTORY, "me", document(model, plain))
    assert c.credential_operations.get(GROUP, FACTORY, "me").name == "me"
    assert [x.name for x in c.credential_operations.list_by_factory(GROUP, FACTORY)] == ["me"]
    c.credential_operations.delete(GROUP, FACTORY, "me")
    plain = {"properties": {"type": "MappingDataFlow", "typeProperties": {"scriptLines": ["source() ~> a"]}}}
    c.data_flows.create_or_update(GROUP, FACTORY, "flow", document(m.DataFlowResource, plain))
    assert c.data_flows.get(GROUP, FACTORY, "flow").properties.type == "MappingDataFlow"
    assert [x.name for x in c.data_flows.list_by_factory(GROUP, FACTORY)] == ["flow"]
    c.data_flows.delete(GROUP, FACTORY, "flow")


def copies(c, facts):
    for name, plain in facts["linkedServices"].items():
        c.linked_services.create_or_update(GROUP, FACTORY, name, document(m.LinkedServiceResource, plain))
        assert c.linked_services.get(GROUP, FACTORY, name).name == name
    for name, plain in facts["datasets"].items():
        c.datasets.create_or_update(GROUP, FACTORY, name, document(m.DatasetResource, plain))
    made = c.pipelines.create_or_update(GROUP, FACTORY, "P", document(m.PipelineResource, facts["pipeline"]))
    assert [a.type for a in made.activities] == ["Copy"], made
    assert c.pipelines.get(GROUP, FACTORY, "P", **versions(made.etag, same=False)) is None, "304"
    stale = lambda: c.pipelines.create_or_update(  # noqa: E731
        GROUP, FACTORY, "P", document(m.PipelineResource, facts["pipeline"]), **versions("another", same=True))
    refused(stale, 412)
    run_id = c.pipelines.create_run(GROUP, FACTORY, "P", parameters={"list": ["a", 1]}).run_id
    deadline = time.monotonic() + DEADLINE_S
    while (state := c.pipeline_runs.get(GROUP, FACTORY, run_id)).status in ("Queued", "InProgress"):
        assert time.monotonic() < deadline, state
        time.sleep(0.2)
    assert state.parameters["list"] == '["a",1]', state.parameters
    now = datetime.now(timezone.utc)
    window = m.RunFilterParameters(
        last_updated_after=now - timedelta(hours=1), last_updated_before=now + timedelta(hours=1),
        filters=[m.RunQueryFilter(operand="PipelineName", operator="Equals", values_property=["p"])
                 if NEW else m.RunQueryFilter(operand="PipelineName", operator="Equals", values=["p"])],
        order_by=[m.RunQueryOrderBy(order_by="RunStart", order="DESC")],
    )
    assert c.pipeline_runs.query_by_factory(GROUP, FACTORY, window).value[0].run_id == run_id, "the newest is first"
    plain = m.RunFilterParameters(last_updated_after=now - timedelta(hours=1), last_updated_before=now + timedelta(hours=1))
    activity = c.activity_runs.query_by_pipeline_run(GROUP, FACTORY, run_id, plain).value[0]
    refused(lambda: c.pipeline_runs.cancel(GROUP, FACTORY, run_id, is_recursive=True), 400, "SL4013")
    return {"status": state.status, "message": state.message, "output": activity.output, "error": activity.error}


def trigger_runs(c, name, **wanted):
    """The runs of a trigger, once there are some of which all are as wanted."""
    now = datetime.now(timezone.utc)
    value = {"values_property" if NEW else "values": [name]}
    window = m.RunFilterParameters(
        last_updated_after=now - timedelta(hours=1), last_updated_before=now + timedelta(hours=1),
        filters=[m.RunQueryFilter(operand="TriggerName", operator="Equals", **value)],
        order_by=[m.RunQueryOrderBy(order_by="TriggerRunTimestamp", order="ASC")],
    )
    deadline = time.monotonic() + DEADLINE_S
    while True:
        runs = c.trigger_runs.query_by_factory(GROUP, FACTORY, window).value
        if runs and all(getattr(run, key) == value for run in runs for key, value in wanted.items()):
            return runs
        assert time.monotonic() < deadline, runs
        time.sleep(0.2)


def triggers(c):
    wait = {"name": "Nothing", "type": "Wait", "typeProperties": {"waitTimeInSeconds": 0}}
    pipeline = {"properties": {"activities": [wait], "parameters": {"at": {"type": "String"}}}}
    c.pipelines.create_or_update(GROUP, FACTORY, "Timed", document(m.PipelineResource, pipeline))
    reference = {"pipelineReference": {"type": "PipelineReference", "referenceName": "Timed"}}
    at = lambda text: {**reference, "parameters": {"at": text}}  # noqa: E731
    schedule = {"properties": {
        "type": "ScheduleTrigger", "pipelines": [at("@trigger().scheduledTime")],
        "typeProperties": {"recurrence": {"frequency": "Day", "interval": 1, "startTime": "2024-01-01T00:00:00Z",
                                          "timeZone": "UTC", "schedule": {"hours": [3], "minutes": [30]}}}}}
    windows = {"properties": {
        "type": "TumblingWindowTrigger", "pipeline": at("@trigger().outputs.windowStartTime"),
        "typeProperties": {"frequency": "Hour", "interval": 1, "startTime": "2024-02-29T00:00:00Z",
                           "endTime": "2024-02-29T03:00:00Z", "delay": "00:15:00", "maxConcurrency": 2,
                           "retryPolicy": {"count": 2, "intervalInSeconds": 30}}}}
    all_triggers = c.triggers
    made = all_triggers.create_or_update(GROUP, FACTORY, "Daily", document(m.TriggerResource, schedule))
    assert made.properties.runtime_state == "Stopped", made
    all_triggers.create_or_update(GROUP, FACTORY, "Hours", document(m.TriggerResource, windows))
    assert all_triggers.get(GROUP, FACTORY, "Daily", **versions(made.etag, same=False)) is None, "304"
    all_triggers.begin_start(GROUP, FACTORY, "Daily").result()
    states = {t.name: t.properties.runtime_state for t in all_triggers.list_by_factory(GROUP, FACTORY)}
    assert states == {"Daily": "Started", "Hours": "Stopped"}, states
    asked = all_triggers.query_by_factory(GROUP, FACTORY, m.TriggerFilterParameters())
    assert [t.name for t in asked.value] == ["Daily", "Hours"], asked
    refused(lambda: all_triggers.create_or_update(
        GROUP, FACTORY, "Daily", document(m.TriggerResource, schedule)), 400, "TriggerEnabledCannotUpdate")
    refused(lambda: all_triggers.delete(GROUP, FACTORY, "Daily"), 400, "SL4032")
    assert all_triggers.get_event_subscription_status(GROUP, FACTORY, "Daily").status == "Disabled"

    all_triggers.begin_start(GROUP, FACTORY, "Hours").result()
    runs = trigger_runs(c, "Hours", status="Succeeded")
    while len(runs) < 3:
        runs = trigger_runs(c, "Hours", status="Succeeded")
    starts = sorted(run.properties["windowStartTime"] for run in runs)
    assert starts == [f"2024-02-29T0{hour}:00:00.0000000Z" for hour in range(3)], starts
    assert runs[0].trigger_type == "TumblingWindowTrigger", runs[0]
    run = c.pipeline_runs.get(GROUP, FACTORY, runs[0].triggered_pipelines["Timed"])
    assert (run.invoked_by.name, run.invoked_by.invoked_by_type) == ("Hours", "TumblingWindowTrigger"), run.invoked_by
    assert run.parameters["at"].startswith("2024-02-29T0"), run.parameters
    refused(lambda: c.trigger_runs.cancel(GROUP, FACTORY, "Hours", runs[0].trigger_run_id), 400, "SL4034")
    c.trigger_runs.rerun(GROUP, FACTORY, "Hours", runs[0].trigger_run_id)
    trigger_runs(c, "Hours", status="Succeeded")
    for name in ("Daily", "Hours"):
        all_triggers.begin_stop(GROUP, FACTORY, name).result()
        all_triggers.delete(GROUP, FACTORY, name)
        all_triggers.delete(GROUP, FACTORY, name)
    assert not list(all_triggers.list_by_factory(GROUP, FACTORY))
    c.pipelines.delete(GROUP, FACTORY, "Timed")
    return len(starts)


def lists(c):
    empty = document(m.DatasetResource, {"properties": {
        "type": "Json", "linkedServiceName": {"type": "LinkedServiceReference", "referenceName": "PSource"}}})
    for i in range(105):
        c.datasets.create_or_update(GROUP, FACTORY, f"Page{i:03}", empty)
    names = [d.name for d in c.datasets.list_by_factory(GROUP, FACTORY)]
    assert len(names) == len(set(names)) == 107, len(names)
    c.datasets.delete(GROUP, FACTORY, "Page000")
    c.datasets.delete(GROUP, FACTORY, "Page000")


def errors(c, facts):
    try:
        connect(facts, "wrong").factories.get(GROUP, FACTORY)
        raise AssertionError("a wrong secret was taken")
    except ClientAuthenticationError as error:
        assert "SL4052" in str(error), error
    try:
        c.pipelines.get(GROUP, FACTORY, "nothing")
        raise AssertionError("nothing was found")
    except ResourceNotFoundError as error:
        assert error.error.code == "NotFound", error
    refused(lambda: c.managed_virtual_networks.get(GROUP, FACTORY, "default"), 404, "OperationNotSupported", "SL4057")
    refused(lambda: list(c.change_data_capture.list_by_factory(GROUP, FACTORY)), 404, "change data capture")
    if NEW:
        # What lost its type is named, and what can be told apart all the same is taken.
        lost = m.LinkedServiceResource(properties=m.SqlServerLinkedService(connection_string="Server=a;Database=b"))
        refused(lambda: c.linked_services.create_or_update(GROUP, FACTORY, "lost", lost), 400, "SL4006", "10.0.0")
        copy = m.CopyActivity(name="c", source=m.SqlSource(), sink=m.SqlSink(), inputs=[], outputs=[])
        c.pipelines.create_or_update(GROUP, FACTORY, "Kept", m.PipelineResource(activities=[copy]))
        c.pipelines.delete(GROUP, FACTORY, "Kept")


def main():
    with open(sys.argv[1], encoding="utf-8") as text:
        facts = json.load(text)
    with connect(facts, facts["clientSecret"]) as client:
        operations = factories(client)
        runtimes(client)
        stored(client)
        run = copies(client, facts)
        windows = triggers(client)
        lists(client)
        errors(client, facts)
    print(json.dumps({"version": package.__version__, "operations": operations, "windows": windows, **run}))


main()
