# Sluice. `make test` is all that has to pass; it needs a Rust toolchain, Python 3, Node.js and PostgreSQL's server, and
# installs the last three with apt when it runs as root.

.PHONY: help test lint bench bench-runtime docs build release clean-test-env

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

test: ## format, lints and every test, against real servers
	@tests/env/run.sh

lint: ## format and lints only
	@tests/env/lint.sh

bench: ## PostgreSQL to Parquet beside DuckDB, in one run on this machine
	@tests/env/setup.sh bench
	cargo build --release --workspace --bins --locked
	SLUICE_TEST_BINARY=$(CURDIR)/target/release/sluice target/release/sluice-bench

bench-runtime: ## what supervision costs: messages and restarts beside raw actix, ractor and kameo
	cargo run --release --locked --manifest-path tests/bench/runtime/Cargo.toml

docs: ## the API documentation of the crates, into target/doc
	cargo doc --workspace --no-deps --locked

build: ## the binary for development: target/debug/sluice
	cargo build --workspace --locked

release: ## the binary for use: target/release/sluice
	cargo build --release --workspace --bins --locked

clean-test-env: ## removes what the tests installed
	rm -rf .test-env
