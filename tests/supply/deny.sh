#!/bin/sh
# Licences, sources and banned crates of everything that is built, by deny.toml. Known holes are `make advisories`.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
PATH=$("$here/tools.sh" cargo-deny):$PATH
cd "$here/../.."
# It looks at every crate's licence: without network it needs all of them on this machine.
cargo fetch --locked --quiet
exec cargo deny --offline --locked --log-level error check --hide-inclusion-graph bans licenses sources
