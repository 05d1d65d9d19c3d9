#!/bin/sh
# Installs a tool of the supply chain into .test-env/cargo, unless this version is there, and prints the directory of its program.
#   tools.sh cargo-deny|cargo-cyclonedx|cargo-auditable|cargo-audit
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
case "${1:-}" in
    cargo-deny) version=0.20.2 ;;
    cargo-cyclonedx) version=0.5.9 ;;
    cargo-auditable) version=0.7.7 ;;
    cargo-audit) version=0.22.2 ;;
    *) echo "usage: tools.sh cargo-deny|cargo-cyclonedx|cargo-auditable|cargo-audit" >&2; exit 2 ;;
esac
home=$root/.test-env/cargo
mkdir -p "$home"
if ! cargo install --list --root "$home" | grep -q "^$1 v$version:"; then
    echo "supply: installing $1 $version into $home; this takes some minutes, once" >&2
    cargo install --locked --quiet --root "$home" "$1@$version" >&2
fi
echo "$home/bin"
