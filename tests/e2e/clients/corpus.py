"""Real documents of Data Factory against a running factory: what is PUT comes back with GET as it was sent.

    corpus.py URL CA.pem TOKEN-FILE FOLDER     FOLDER has MANIFEST-public.json and public/, see docs/adf.md

Counts by kind: sent, taken, identical, identical but for masked secrets; and what was refused, by code. Triggers are sent last, and
empty pipelines stand in for those that they name; those that fire here are counted by starting and stopping them. The data factory
`corpus` of the subscription `sub` and the group `rg` is made; for linked services with secrets it needs a gateway with a node.
"""

import collections
import json
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request

COLLECTIONS = {
    "pipeline": "pipelines", "dataset": "datasets", "linkedService": "linkedservices", "trigger": "triggers",
    "dataflow": "dataflows", "integrationRuntime": "integrationRuntimes", "credential": "credentials",
}
MASK = "**********"
# What the factory says itself.
READ_ONLY = {"id", "name", "type", "etag"}
# Whether a trigger runs is asked for by operations of its own.
STATE = ".properties.runtimeState"


def main():
    url, ca, token_file, folder = sys.argv[1:]
    context = ssl.create_default_context(cafile=ca)
    with open(token_file, encoding="utf-8") as file:
        token = file.read().strip()
    base = f"{url}/subscriptions/sub/resourceGroups/rg/providers/Microsoft.DataFactory/factories/corpus"

    def call(method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{base}{path}?api-version=2018-06-01", data, method=method)
        request.add_header("Authorization", f"Bearer {token}")
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, context=context, timeout=60) as reply:
                return reply.status, json.loads(reply.read() or "null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or "null")

    call("PUT", "", {"location": "onprem"})
    with open(f"{folder}/MANIFEST-public.json", encoding="utf-8") as file:
        manifest = json.load(file)["files"]
    counts, refusals = collections.Counter(), collections.Counter()
    numbered = [(number, entry) for number, entry in enumerate(manifest) if entry["contract"] == "v2"]
    for number, entry in sorted(numbered, key=lambda one: one[1]["kind"] == "trigger"):
        with open(f"{folder}/public/{entry['file']}", encoding="utf-8-sig") as file:
            document = json.load(file)
        sent = {key: value for key, value in document.items() if key not in READ_ONLY}
        kind, path = entry["kind"], f"/{COLLECTIONS[entry['kind']]}/d{number:04}"
        if kind == "trigger":
            # Under their own names: they name each other.
            path = f"/triggers/{urllib.parse.quote(document.get('name') or f'd{number:04}')}"
        counts[kind, "sent"] += 1
        if kind == "trigger":
            for name in pipelines(sent):
                call("PUT", f"/pipelines/{urllib.parse.quote(name)}", {"properties": {"activities": []}})
        status, reply = call("PUT", path, sent)
        if status != 200:
            error = (reply or {}).get("error", {})
            code = next((word for word in error.get("message", "").replace(":", " ").split() if word.startswith("SL")), error.get("code"))
            refusals[kind, status, code] += 1
            print(f"{entry['file']}: {status} {json.dumps(error)[:300]}")
            continue
        counts[kind, "taken"] += 1
        _, read = call("GET", path)
        read = {key: value for key, value in read.items() if key not in READ_ONLY}
        differences = [found for found in compare(sent, read, "") if not found[0].startswith(STATE)]
        if kind == "trigger":
            status, reply = call("POST", f"{path}/start", {})
            said = "starts" if status == 200 else "does not start"
            if status != 200:
                print(f"{entry['file']}: {reply['error']['message'][:300]}")
            counts[kind, f"{sent['properties']['type']} {said}"] += 1
            call("POST", f"{path}/stop", {})
        if not differences:
            counts[kind, "identical"] += 1
        elif all(masked for _, masked in differences):
            counts[kind, "identical but for secrets"] += 1
        else:
            print(f"{entry['file']}: {differences[:3]}")
    for kind in COLLECTIONS:
        row = {what: n for (k, what), n in counts.items() if k == kind}
        if row:
            print(kind, json.dumps(row))
    print("refused:", {" ".join(map(str, key)): n for key, n in refusals.items()})


def pipelines(trigger):
    """The names of the pipelines that a trigger starts."""
    properties = trigger["properties"]
    for item in [*(properties.get("pipelines") or []), properties.get("pipeline")]:
        name = ((item or {}).get("pipelineReference") or {}).get("referenceName")
        if name:
            yield name


def compare(sent, read, path):
    """Where two documents differ, and whether it is only that a secret is masked or taken out."""
    if isinstance(sent, dict) and isinstance(read, dict):
        for key in sent.keys() | read.keys():
            if key not in read:
                yield f"{path}.{key} is gone", False
            elif key not in sent:
                yield f"{path}.{key} is new", key == "runtimeState"
            else:
                yield from compare(sent[key], read[key], f"{path}.{key}")
    elif isinstance(sent, list) and isinstance(read, list) and len(sent) == len(read):
        for index, pair in enumerate(zip(sent, read)):
            yield from compare(*pair, f"{path}[{index}]")
    elif sent != read or type(sent) is not type(read):
        secret = read == MASK or (isinstance(read, str) and isinstance(sent, str) and "connectionString" in path)
        yield f"{path}: {str(sent)[:60]!r} became {str(read)[:60]!r}", secret


main()
