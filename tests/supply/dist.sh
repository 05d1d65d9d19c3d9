#!/bin/sh
# The binary as packages carry it: target/dist/sluice, with the list of its crates in it (cargo-auditable), which
# `cargo audit bin` reads, and without the paths of this machine. Beside it its SBOM and its SHA-256.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
PATH=$("$here/tools.sh" cargo-auditable):$PATH
root=$(cd "$here/../.." && pwd)
cd "$root"
profile=${DIST_PROFILE:-dist}
crates=${CARGO_HOME:-$HOME/.cargo}
# Where things are here must not be in the binary, or it would be another one elsewhere. What is built goes where this script looks.
unset CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR
RUSTFLAGS="${RUSTFLAGS:-} --remap-path-prefix=$root=/sluice --remap-path-prefix=$crates=/cargo"
CFLAGS="${CFLAGS:-} -ffile-prefix-map=$root=/sluice -ffile-prefix-map=$crates=/cargo"
export RUSTFLAGS CFLAGS
# All crates are chosen, so that features are what they are everywhere; only the one program is linked.
cargo auditable build --profile "$profile" --workspace --bin sluice --locked
python3 "$here/auditable.py" "target/$profile/sluice"
"$here/sbom.sh" >/dev/null
cd target/dist
[ "$profile" = dist ] || cp "../$profile/sluice" sluice
for path in "$root" "$crates"; do
    if grep -aqF "$path" sluice; then
        echo "dist: the binary names $path, a path of this machine:" >&2
        grep -aoF "$path" sluice | sort | uniq -c >&2
        exit 1
    fi
done
sha256sum sluice sluice.cdx.json >SHA256SUMS
# What was built is what is used: a factory, a gateway and a verified copy.
state=$(mktemp -d)
trap 'rm -rf "$state"' EXIT
./sluice quickstart --exit --rows 10000 --state "$state/quickstart" >"$state/log" 2>&1 || { cat "$state/log" >&2; exit 1; }
cat SHA256SUMS
