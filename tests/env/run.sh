#!/bin/bash
# Everything that has to hold: format, lints, every test. Ends with "N passed, N failed" on a line of its own.
#
# One profile (dev) and one feature set (the whole workspace) all the way, so that no dependency is built twice for the
# tests. Clippy comes first because it is the cheapest to fail: it checks dependencies without generating code.
set -u
cd "$(dirname "$0")/../.." || exit 1

# Whatever could not run is a failure.
stop() {
    echo "$1" >&2
    echo "0 passed, 1 failed"
    exit 1
}

tests/env/setup.sh || stop "The tests' surroundings could not be set up; nothing was run."
tests/env/lint.sh || stop "The lints failed; no test was run."
# The tests start the real binary; nextest by itself builds only its unit tests.
cargo build --workspace --bins --locked || stop "The build failed; no test was run."

report=target/nextest/default/junit.xml
rm -f "$report"
cargo nextest run --workspace --all-targets --locked --no-fail-fast "$@" </dev/null
status=$?
[ -f "$report" ] || stop "The tests did not start."
count() { grep -m1 '^<testsuites ' "$report" | sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p"; }
tests=$(count tests)
failed=$(($(count failures) + $(count errors)))
if [ "${tests:-0}" = 0 ]; then stop "No test was found."; fi
passed=$((tests - failed))
# A run that was cut short has tests that neither passed nor failed.
if [ "$status" != 0 ] && [ "$failed" = 0 ]; then failed=1; fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
