#!/bin/sh
# The format and the lints of the whole workspace; a warning is an error.
set -eu
cd "$(dirname "$0")/../.."
cargo fmt --all --check
cargo clippy --workspace --all-targets --locked -- -D warnings
