#!/bin/sh
# What the binary is made of, as CycloneDX in JSON: target/dist/sluice.cdx.json.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
PATH=$("$here/tools.sh" cargo-cyclonedx):$PATH
root=$(cd "$here/../.." && pwd)
cd "$root"
cargo fetch --locked --quiet
# The same input gives the same file.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH
# The tool writes one beside the manifest of every crate of the workspace; only the binary's is wanted.
trap 'find "$root" -name target -prune -o -name .test-env -prune -o -name "*.sluice-sbom.json" -exec rm -f {} +' EXIT
find "$root" -name target -prune -o -name .test-env -prune -o -name "*.sluice-sbom.json" -exec rm -f {} +
CARGO_NET_OFFLINE=true cargo cyclonedx --quiet --format json --spec-version 1.5 --override-filename x.sluice-sbom >&2
mkdir -p target/dist
python3 "$here/sbom.py" x.sluice-sbom.json target/dist/sluice.cdx.json
echo target/dist/sluice.cdx.json
