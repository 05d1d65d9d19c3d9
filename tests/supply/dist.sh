#!/bin/sh
# The binary as packages carry it: target/dist/sluice, with the list of its crates in it (cargo-auditable), which
# `cargo audit bin` reads, and without the paths of this machine. Beside it its SBOM and its SHA-256.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
PATH=$("$here/tools.sh" cargo-auditable):$PATH
root=$(cd "$here/../.." && pwd)
cd "$root"
RUSTFLAGS="${RUSTFLAGS:-} --remap-path-prefix=$root=/sluice --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo"
export RUSTFLAGS
cargo auditable build --profile "${DIST_PROFILE:-dist}" --workspace --bins --locked
python3 "$here/auditable.py" "target/${DIST_PROFILE:-dist}/sluice"
"$here/sbom.sh" >/dev/null
cd target/dist
[ "${DIST_PROFILE:-dist}" = dist ] || cp "../$DIST_PROFILE/sluice" sluice
sha256sum sluice sluice.cdx.json >SHA256SUMS
cat SHA256SUMS
