"""The published Azure SDK for Python, unmodified, against a Sluice factory.

    sdk.py create FACTS.json     makes the factory and the gateway, and prints the gateway's key
    sdk.py copy FACTS.json       PostgreSQL -> Parquet on Azure Blob -> PostgreSQL, and prints both activities
    sdk.py refused FACTS.json    runs a pipeline that has to fail, and prints its error

The last line of standard output is one JSON value.
"""

import json
import sys
import time
from datetime import datetime, timedelta, timezone

from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError
from azure.mgmt.datafactory import DataFactoryManagementClient
from azure.mgmt.datafactory import models as m

GROUP, FACTORY, GATEWAY = "rg", "df", "onprem"
DEADLINE_S = 180


class Token:
    """The smallest TokenCredential."""

    def __init__(self, text):
        self.text = text

    def get_token(self, *scopes, **kwargs):
        return AccessToken(self.text, int(time.time()) + 3600)


def connect(facts):
    return DataFactoryManagementClient(
        Token(facts["token"]),
        "sub",
        base_url=facts["url"],
        credential_scopes=["https://sluice.local/.default"],
        connection_verify=facts["ca"],
    )


def create(client, facts):
    made = client.factories.create_or_update(GROUP, FACTORY, m.Factory(location="onprem", tags={"from": "sdk"}))
    assert made.provisioning_state == "Succeeded", made
    assert [f.name for f in client.factories.list()] == [FACTORY]
    runtime = m.IntegrationRuntimeResource(properties=m.SelfHostedIntegrationRuntime(description="from the SDK"))
    client.integration_runtimes.create_or_update(GROUP, FACTORY, GATEWAY, runtime)
    status = client.integration_runtimes.get_status(GROUP, FACTORY, GATEWAY)
    assert status.properties.state in ("NeedRegistration", "Initial", "Offline"), status.properties.state
    keys = client.integration_runtimes.list_auth_keys(GROUP, FACTORY, GATEWAY)
    assert keys.auth_key1 != keys.auth_key2
    return {"key": keys.auth_key1}


def documents(client, facts):
    via = m.IntegrationRuntimeReference(type="IntegrationRuntimeReference", reference_name=GATEWAY)
    secret = lambda text: m.SecureString(value=text)  # noqa: E731
    pg, blob = facts["postgres"], facts["blob"]
    services = {
        "OnPremPg": m.PostgreSqlV2LinkedService(
            connect_via=via,
            server="127.0.0.1",
            port=pg["port"],
            database="postgres",
            username=pg["user"],
            authentication_type="Basic",
            ssl_mode=2,
            password=secret(pg["password"]),
        ),
        "CloudPg": m.AzurePostgreSqlLinkedService(
            connect_via=via,
            connection_string=secret(
                f"host=127.0.0.1;port={pg['port']};database=postgres;uid={pg['user']};password={pg['password']}"
            ),
        ),
        # The extra member says which authority to trust: an emulator's certificate is from a private one.
        "Lake": m.AzureBlobStorageLinkedService(
            connect_via=via,
            connection_string=secret(blob["connectionString"]),
            additional_properties={"typeProperties": {"caCertificate": blob["ca"]}},
        ),
    }
    for name, service in services.items():
        made = client.linked_services.create_or_update(GROUP, FACTORY, name, m.LinkedServiceResource(properties=service))
        text = json.dumps(made.serialize(keep_readonly=True)) + repr(made.properties.__dict__)
        for canary in facts["canaries"]:
            assert canary not in text, f"{name} came back with its secret"

    def dataset(name, kind, service, **members):
        reference = m.LinkedServiceReference(type="LinkedServiceReference", reference_name=service)
        resource = m.DatasetResource(properties=kind(linked_service_name=reference, **members))
        client.datasets.create_or_update(GROUP, FACTORY, name, resource)

    table = facts["table"]
    location = m.AzureBlobStorageLocation(container="lake", folder_path="raw/shop", file_name=f"{table}.parquet")
    dataset("Source", m.PostgreSqlV2TableDataset, "OnPremPg", schema_type_properties_schema="shop", table=table)
    dataset("File", m.ParquetDataset, "Lake", location=location, compression_codec="snappy")
    dataset("Target", m.AzurePostgreSqlTableDataset, "CloudPg", schema_type_properties_schema="back", table=table)

    def pipeline(name, source, sink, read, write):
        reference = lambda d: [m.DatasetReference(type="DatasetReference", reference_name=d)]  # noqa: E731
        copy = m.CopyActivity(
            name=f"{source} to {sink}", inputs=reference(source), outputs=reference(sink), source=read, sink=write,
            policy=m.ActivityPolicy(timeout="0.00:05:00", retry=0), parallel_copies=2,
        )
        client.pipelines.create_or_update(GROUP, FACTORY, name, m.PipelineResource(activities=[copy]))

    pipeline("Up", "Source", "File", m.PostgreSqlV2Source(), m.ParquetSink(store_settings=m.AzureBlobStorageWriteSettings()))
    pipeline("Down", "File", "Target", m.ParquetSource(store_settings=m.AzureBlobStorageReadSettings()), m.AzurePostgreSqlSink())


def run(client, pipeline):
    run_id = client.pipelines.create_run(GROUP, FACTORY, pipeline).run_id
    deadline = time.monotonic() + DEADLINE_S
    while True:
        state = client.pipeline_runs.get(GROUP, FACTORY, run_id)
        if state.status not in ("Queued", "InProgress"):
            break
        assert time.monotonic() < deadline, f"{pipeline} is still {state.status}"
        time.sleep(0.2)
    now = datetime.now(timezone.utc)
    window = m.RunFilterParameters(last_updated_after=now - timedelta(hours=1), last_updated_before=now + timedelta(hours=1))
    activities = client.activity_runs.query_by_pipeline_run(GROUP, FACTORY, run_id, window).value
    assert len(activities) == 1, activities
    found = client.pipeline_runs.query_by_factory(GROUP, FACTORY, window).value
    assert run_id in [r.run_id for r in found]
    activity = activities[0]
    return {
        "pipeline": state.status, "message": state.message, "status": activity.status, "type": activity.activity_type,
        "durationInMs": activity.duration_in_ms, "output": activity.output, "error": activity.error,
    }


def copy(client, facts):
    status = client.integration_runtimes.get_status(GROUP, FACTORY, GATEWAY)
    assert status.properties.state == "Online", status.properties.state
    assert [node.node_name for node in status.properties.nodes] == ["node1"]
    documents(client, facts)
    try:
        client.linked_services.get(GROUP, FACTORY, "NotThere")
        raise AssertionError("a linked service that is not there was found")
    except HttpResponseError as error:
        assert error.status_code == 404 and error.error.code, error
    return {"up": run(client, "Up"), "down": run(client, "Down")}


def refused(client, facts):
    documents(client, facts)
    return run(client, "Up")


def main():
    action, file = sys.argv[1:]
    with open(file, encoding="utf-8") as text:
        facts = json.load(text)
    with connect(facts) as client:
        print(json.dumps({"create": create, "copy": copy, "refused": refused}[action](client, facts)))


main()
