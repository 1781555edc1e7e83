# Short recipes; `make` explains itself.

SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

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

.PHONY: tools
tools: # What the tests run besides cargo
	@command -v curl >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq curl; }

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
