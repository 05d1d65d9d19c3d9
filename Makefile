# Sluice. `make test` is all that has to pass; it needs a Rust toolchain, Python 3, Node.js and PostgreSQL's server, and
# installs the last three with apt when it runs as root.

.PHONY: help test lint faults bench bench-quick bench-growth bench-load bench-nodes bench-orchestrator bench-queries bench-runtime docs build release dist sbom deny fuzz advisories clean-test-env

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

test: ## format, lints and every test, against real servers
	@tests/env/run.sh

lint: ## format and lints only
	@tests/env/lint.sh

faults: ## everything is broken: rounds of kill -9 (SLUICE_KILL_ROUNDS=50 in each of four worlds, SLUICE_KILL_SEED) and all other fault tests
	@tests/env/setup.sh
	cargo build --workspace --bins --locked
	cargo nextest run -p sluice-tests --locked --profile faults --no-fail-fast \
	    --success-output final -E 'test(/^(faults|resume|nodes|channel)::/)'

bench: ## copies beside what others need for the same work (BENCH_SF=1, BENCH_ROUNDS=3, BENCH_ONLY=row,row)
	@tests/env/setup.sh bench
	cargo build --release --workspace --bins --locked
	SLUICE_TEST_BINARY=$(CURDIR)/target/release/sluice target/release/sluice-bench

bench-quick: ## the same on a tenth of the rows, once
	@BENCH_SF=0.1 BENCH_ROUNDS=1 $(MAKE) bench

bench-growth: ## how the cost of a copy grows with its rows, partitions and columns
	@BENCH_ONLY=growth $(MAKE) bench

bench-queries: ## lists and queries of a factory with 1,000 documents and 100,000 runs (BENCH_STATE=sqlite,postgres)
	@BENCH_ONLY=queries $(MAKE) bench

bench-orchestrator: ## activities a second through the factory's orchestrator (BENCH_ITERATIONS=5000, BENCH_STATE)
	@BENCH_ONLY=orchestrator $(MAKE) bench

bench-load: ## 5,000 idle nodes on one factory, then 10,000 jobs of 200 gateways (BENCH_NODES, BENCH_GATEWAYS, BENCH_JOBS)
	@BENCH_ONLY=load $(MAKE) bench

bench-nodes: ## a table copied by the three nodes of a gateway, and by one, from a source that is slow by nature
	@BENCH_ONLY=nodes $(MAKE) bench

bench-files: ## files to Blob Storage beside azcopy, in one run on this machine
	@tests/env/setup.sh bench
	cargo build --release --workspace --bins --locked
	target/release/sluice-bench-files

bench-runtime: ## what supervision costs: messages and restarts beside raw actix, ractor and kameo
	cargo run --release --locked --manifest-path tests/bench/runtime/Cargo.toml

docs: ## the API documentation of the crates, into target/doc
	cargo doc --workspace --no-deps --locked

build: ## the binary for development: target/debug/sluice
	cargo build --workspace --locked

release: ## the binary for use: target/release/sluice
	cargo build --release --workspace --bins --locked

dist: ## the binary for packages, with the list of its crates in it, its SBOM and SHA-256: target/dist (cargo-auditable)
	@tests/supply/dist.sh

sbom: ## what the binary is made of, as CycloneDX: target/dist/sluice.cdx.json (cargo-cyclonedx)
	@tests/supply/sbom.sh

deny: ## licences, sources and banned crates, by deny.toml (cargo-deny)
	@tests/supply/deny.sh

fuzz: ## every parser against whatever libFuzzer thinks of (FUZZ_SECONDS=20 for each, FUZZ_ONLY="csv tds")
	@tests/fuzz/run.sh

advisories: ## crates with known holes, by a local copy of rustsec/advisory-db: make advisories DB=PATH
	@python3 tests/supply/advisories.py "$(DB)"

clean-test-env: ## removes what the tests installed
	rm -rf .test-env
