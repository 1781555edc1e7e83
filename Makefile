# Short recipes; `make` explains itself.

SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

# Of tools that are built here: a new release of one breaks nobody's build.
CARGO_DENY := 0.20.2
CARGO_FUZZ := 0.13.2

# How long each fuzz target runs.
FUZZ_SECONDS ?= 300
FUZZ_TARGETS := $(sort $(basename $(notdir $(wildcard tests/fuzz/targets/*.rs))))

.PHONY: help
help: ## What can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 16

.PHONY: run
run: ## Build, and serve the built-in catalogue on :8000
	cargo run --release

.PHONY: test
test: tools ## Everything CI runs
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --quiet
	cargo test
	cargo fmt --check --manifest-path tests/fuzz/Cargo.toml
	$(MAKE) fuzz FUZZ_SECONDS=5

.PHONY: tools
tools: # What the tests run besides cargo
	@command -v curl >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq curl; }
	@[ -x /usr/sbin/haproxy ] && [ -x /usr/sbin/nginx ] || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq haproxy nginx; }
	@python3 -c 'import ensurepip' 2>/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq python3-venv; }
	@[ -x target/venv/bin/python ] || python3 -m venv target/venv
	@target/venv/bin/pip install --quiet --requirement tests/requirements.txt

# Without a sanitizer, which only a nightly compiler has: the parsers are safe code. The lock file is the
# service's own, so that what is fuzzed is what is shipped.
.PHONY: fuzz
fuzz: fuzz-tools ## Throw random bytes at every parser, FUZZ_SECONDS=300 each
	cp Cargo.lock tests/fuzz/Cargo.lock
	cargo fuzz build --fuzz-dir tests/fuzz --target-dir target/fuzz --sanitizer none
	@for target in $(FUZZ_TARGETS); do \
		mkdir -p target/fuzz/corpus/$$target; \
		target/fuzz/*/release/$$target target/fuzz/corpus/$$target tests/fuzz/seeds/$$target \
			-max_total_time=$(FUZZ_SECONDS) -max_len=20000 -timeout=10 -rss_limit_mb=1024 \
			-artifact_prefix=target/fuzz/$$target- >target/fuzz/$$target.log 2>&1 \
			|| { tail -n 40 target/fuzz/$$target.log; echo "fuzz $$target: FAILED"; exit 1; }; \
		echo "fuzz $$target: $$(grep ^Done target/fuzz/$$target.log), nothing found"; \
	done

.PHONY: fuzz-tools
fuzz-tools: # libFuzzer is C++
	@command -v c++ >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq g++; }
	@cargo fuzz --version >/dev/null 2>&1 || cargo install --locked --quiet cargo-fuzz@$(CARGO_FUZZ)

# Licences and sources are in the lock file and in `cargo test`; known vulnerabilities are in a database
# on GitHub, of which an earlier copy serves as well. Without either this fails, and says so.
.PHONY: audit
audit: ## Check dependencies for licences, sources and known vulnerabilities
	@cargo deny --version >/dev/null 2>&1 || cargo install --locked --quiet cargo-deny@$(CARGO_DENY)
	cargo deny check licenses bans sources
	@cargo deny fetch db || echo "audit: no news of vulnerabilities; an earlier copy of the database may serve"
	@cargo deny --offline check advisories || { echo "audit: advisories FAILED OR NOT CHECKED, see above"; exit 1; }

# The load test comes after a fresh release build: `cargo bench` leaves a release binary with the
# features its dev-dependencies want, which is not the one that is shipped.
.PHONY: bench
bench: ## Micro-benchmarks, then the server under load beside a bare tiny_http
	@command -v wrk >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq wrk; }
	cargo bench --bench micro
	cargo build --release
	cargo build --release --example bare
	cargo run --release --example load

.PHONY: attack
attack: ## Every attack on a bare tiny_http server and on ours, as a table
	@command -v slowhttptest >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq slowhttptest; }
	cargo build --release
	cargo build --release --example bare --example attack
	$(SUDO) target/release/examples/attack

.PHONY: soak
soak: ## Good load, attacks and price swaps at once: SOAK_SECONDS=600
	cargo build --release
	cargo run --release --example soak

.PHONY: catalog
catalog: ## Refresh the built-in catalogue: make catalog FROM=model_prices.json
	cargo run --release --quiet -- catalog import --from litellm $(FROM) --output src/catalog/data/catalog.jsonl

.PHONY: clean
clean: ## Remove what was built
	cargo clean
