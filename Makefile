# Short recipes; `make` explains itself.

SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

INSTALL := $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends

# Of tools that are built here: a new release of one breaks nobody's build.
CARGO_DENY := 0.20.2
CARGO_FUZZ := 0.13.2

# How long each fuzz target runs.
FUZZ_SECONDS ?= 300
FUZZ_TARGETS := $(sort $(basename $(notdir $(wildcard tests/fuzz/targets/*.rs))))

# How often `make soak-switch` replaces a release, behind each of its balancers.
SWITCHES ?= 100
SOAKED := a_lame_duck_is_relieved traffic_moves_and_comes_back_and_nobody_notices

.PHONY: help
help: ## What can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 16

.PHONY: run
run: ## Build, and serve the built-in catalogue on :8000
	cargo run --release

# Position-independent code would cost a twentieth of the size, and a container has one program. The
# target is named so that build scripts, which run here, are built as usual.
STATIC_TARGET := $(shell uname -m)-unknown-linux-gnu
.PHONY: static
static: ## One static file, target/static/llm-pricing
	RUSTFLAGS="-C target-feature=+crt-static -C relocation-model=static" \
		cargo build --release --bin llm-pricing --target $(STATIC_TARGET)
	install -D target/$(STATIC_TARGET)/release/llm-pricing target/static/llm-pricing
	@ls -l target/static/llm-pricing

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml)
.PHONY: image
image: static ## A container image of that file, llm-pricing:VERSION
	docker build --file deploy/docker/Dockerfile --tag llm-pricing:$(VERSION) --build-arg VERSION=$(VERSION) \
		--build-arg REVISION="$$(git rev-parse HEAD)" \
		--build-arg CREATED="$$(TZ=UTC git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ)" \
		target/static

.PHONY: test
test: tools static ## Everything CI runs
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --quiet
	cargo test
	cargo fmt --check --manifest-path tests/fuzz/Cargo.toml
	$(MAKE) fuzz FUZZ_SECONDS=5

.PHONY: tools
tools: switch-tools target/venv/requirements.txt target/kubectl/usr/bin/kubectl target/prometheus/usr/bin/promtool target/mcp/package-lock.json target/mcp/venv/requirements.txt target/ui/package-lock.json # What the tests run besides cargo
	@command -v curl >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq curl; }
	@[ -x /usr/sbin/haproxy ] && [ -x /usr/sbin/nginx ] || { $(SUDO) apt-get update -qq && $(INSTALL) haproxy nginx; }
	@command -v dockerd >/dev/null || { $(SUDO) apt-get update -qq && $(INSTALL) docker.io; }
	@command -v docker >/dev/null || $(INSTALL) docker-cli
	@command -v chromium >/dev/null || { $(SUDO) apt-get update -qq && $(INSTALL) chromium fonts-dejavu-core; }
	@command -v systemd-nspawn >/dev/null || { $(SUDO) apt-get update -qq && $(INSTALL) systemd-container; }
	@command -v zsh >/dev/null && command -v fish >/dev/null && command -v groff >/dev/null || \
		{ $(SUDO) apt-get update -qq && $(INSTALL) zsh fish groff-base; }

# The copy says which of its versions is installed.
target/venv/requirements.txt: tests/requirements.txt
	@python3 -c 'import ensurepip' 2>/dev/null || { $(SUDO) apt-get update -qq && $(INSTALL) python3-venv; }
	python3 -m venv --clear target/venv
	target/venv/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@cp $< $@

# From Debian 13, because the client in Debian 12 is too old to render what is in deploy/kubernetes. It needs
# nothing of that Debian but the C library, which 12 has as well.
TRIXIE = apt-get -qq -o Dir::Etc::SourceList=$(CURDIR)/target/kubectl/sources.list -o Dir::Etc::SourceParts=- \
	-o Dir::State::Lists=$(CURDIR)/target/kubectl/lists -o Dir::State::Status=/dev/null \
	-o Dir::Cache=$(CURDIR)/target/kubectl -o Acquire::Languages=none -o APT::Sandbox::User=
target/kubectl/usr/bin/kubectl:
	@mkdir -p target/kubectl/lists/partial
	@echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
		"http://deb.debian.org/debian trixie main" >target/kubectl/sources.list
	@$(TRIXIE) update
	cd target/kubectl && $(TRIXIE) download kubectl && dpkg-deb --extract kubectl_*.deb .

# Out of its package, because installing that would start a Prometheus.
target/prometheus/usr/bin/promtool:
	@mkdir -p target/prometheus
	@$(SUDO) apt-get update -qq
	cd target/prometheus && apt-get download -qq -o APT::Sandbox::User= prometheus && dpkg-deb --extract prometheus_*.deb .

# With a Node of its own, since Debian's may be older than what these tools take. The recipe's last act is
# the file that stands for it.
target/mcp/package-lock.json: tests/mcp/package.json tests/mcp/package-lock.json tests/mcp/client.mjs
	@command -v npm >/dev/null || { $(SUDO) apt-get update -qq && $(INSTALL) npm; }
	@mkdir -p target/mcp
	@rm -f $@
	cp tests/mcp/package.json tests/mcp/client.mjs target/mcp/ && cp tests/mcp/package-lock.json target/mcp/npm-shrinkwrap.json
	cd target/mcp && npm ci --silent --no-audit --no-fund --ignore-scripts
	@cp tests/mcp/package-lock.json $@

# What drives a browser, with the Node of the recipe before.
target/ui/package-lock.json: tests/ui/package.json tests/ui/package-lock.json target/mcp/package-lock.json
	@mkdir -p target/ui
	@rm -f $@
	cp tests/ui/package.json target/ui/ && cp tests/ui/package-lock.json target/ui/npm-shrinkwrap.json
	cd target/ui && npm ci --silent --no-audit --no-fund --ignore-scripts
	@cp tests/ui/package-lock.json $@

target/mcp/venv/requirements.txt: tests/mcp/requirements.txt target/venv/requirements.txt
	@mkdir -p target/mcp
	python3 -m venv --clear target/mcp/venv
	target/mcp/venv/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@cp $< $@

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

.PHONY: demo
demo: switch-tools ## A release replaced under load: two colours, HAProxy, a switch there and back
	cargo build --release
	cargo run --release --quiet --example demo

.PHONY: soak-switch
soak-switch: tools ## Releases replaced under load again and again: SWITCHES=100
	HANDOVER_SWITCHES=$(SWITCHES) cargo test --test it -- --nocapture --test-threads 1 $(SOAKED)

.PHONY: switch-tools
switch-tools: # What a switch at HAProxy needs
	@[ -x /usr/sbin/haproxy ] && command -v socat >/dev/null || { $(SUDO) apt-get update -qq && $(INSTALL) haproxy socat; }

.PHONY: catalog
catalog: ## Refresh the built-in catalogue: make catalog FROM=model_prices.json
	cargo run --release --quiet -- catalog import --from litellm $(FROM) --output src/catalog/data/catalog.jsonl

.PHONY: screenshots
screenshots: tools ## Take the pictures in docs/UI.md anew
	cargo test --test it -- --exact ui::views::the_pictures_of_the_documents_can_be_taken
	cp target/ui/pictures/*.webp docs/ui/

.PHONY: clean
clean: ## Remove what was built
	cargo clean
