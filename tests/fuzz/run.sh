#!/bin/sh
# Runs every fuzz target for FUZZ_SECONDS (20). FUZZ_ONLY="csv tds" runs some of them. Stable Rust is enough: libFuzzer is
# linked without a sanitizer, since no crate of the house has unsafe code that one would watch. What a target finds is kept in
# tests/fuzz/artifacts, what it learns in tests/fuzz/corpus; tests/fuzz/seeds is where it begins.
set -eu
cd "$(dirname "$0")/../.."
cargo fuzz --version >/dev/null 2>&1 || cargo install cargo-fuzz --locked
options="--fuzz-dir tests/fuzz --sanitizer none"
cargo fuzz build $options
for target in ${FUZZ_ONLY:-$(cargo fuzz list --fuzz-dir tests/fuzz)}; do
    echo "fuzz: $target"
    mkdir -p "tests/fuzz/corpus/$target"
    cargo fuzz run $options "$target" "tests/fuzz/corpus/$target" "tests/fuzz/seeds/$target" -- \
        -max_total_time="${FUZZ_SECONDS:-20}" -timeout=20 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 -verbosity=0
done
