# Everything here installs what it needs first, and says so; .tools/ is what does it.

.NOTPARALLEL:
.PHONY: help run build test soak mutants lint bench install-desktop uninstall-desktop clean
.DEFAULT_GOAL := help

BUILD_TOOLS := wasm-target wasm-bindgen wasm-opt cargo-leptos
TEST_TOOLS  := $(BUILD_TOOLS) node-modules chromium
LINT_TOOLS  := wasm-target cargo-deny typos promtool $(if $(wildcard end2end/tsconfig.json),node-modules)

WASM    := --target wasm32-unknown-unknown
# The browser's half compiles for the browser only.
NATIVE  := --workspace --exclude evenkeel-frontend
BROWSER := -p evenkeel-app $(WASM) --no-default-features --features hydrate --test browser

help: ## print this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)

run: build ## build everything and start it; it prints its address
	@exec target/release/evenkeel

build: ## leave a release build at target/release/evenkeel, which serves everything when started from here
	@.tools/phase "set-up" .tools/setup $(BUILD_TOOLS)
	@.tools/phase "release build" cargo leptos build --release --split -P

test: ## run every test: native, WebAssembly in a browser, and the whole application in a browser
	@.tools/times start
	@.tools/phase "set-up" .tools/setup $(TEST_TOOLS)
	@.tools/phase "native tests" cargo test $(NATIVE)
	@.tools/phase "WebAssembly tests in a browser" .tools/in-browser cargo test $(BROWSER)
	@.tools/phase "debug build" cargo leptos build --split
	@.tools/phase "end-to-end tests in a browser" sh -c 'cd end2end && npx --no-install playwright test'
	@.tools/times show

soak: ## put the engine's invariants to the test for ten million random turns (EVENKEEL_TURNS, EVENKEEL_SEED)
	@EVENKEEL_TURNS=$${EVENKEEL_TURNS:-10000000} .tools/phase "soak" cargo test --release -p evenkeel-engine --test invariants -- --nocapture

mutants: ## change the engine's decisions one by one, and look whether a unit test notices
	@.tools/phase "set-up" .tools/setup cargo-mutants
	@.tools/phase "mutants" env PROPTEST_CASES=$${PROPTEST_CASES:-64} cargo mutants -p evenkeel-engine -- --lib

lint: ## check formatting, clippy's warnings, dependencies, spelling, alert rules and types
	@.tools/times start
	@.tools/phase "set-up" .tools/setup $(LINT_TOOLS)
	@.tools/phase "formatting" cargo fmt --all --check
	@.tools/phase "clippy, native" cargo clippy $(NATIVE) --all-targets -- -D warnings
	@.tools/phase "clippy, WebAssembly" cargo clippy -p evenkeel-frontend $(WASM) -- -D warnings
	@.tools/phase "clippy, WebAssembly tests" cargo clippy $(BROWSER) -- -D warnings
	@.tools/phase "dependencies" cargo deny --workspace --log-level warn check bans licenses sources
	@.tools/phase "spelling" typos
	@.tools/phase "alert rules" sh -c 'promtool check rules packaging/prometheus/evenkeel.rules.yml && promtool test rules packaging/prometheus/evenkeel.test.yml'
ifneq ($(wildcard end2end/tsconfig.json),)
	@.tools/phase "types of the end-to-end tests" sh -c 'cd end2end && npx --no-install tsc --noEmit'
endif
	@.tools/times show

bench: build ## measure what the server does in a second, and what a reader waits for in Chromium
	@.tools/phase "set-up" .tools/setup node-modules chromium
	@.tools/phase "the engine's costs" cargo bench -p evenkeel-engine --bench engine
	@.tools/phase "the decoders' costs" cargo bench -p evenkeel-providers --bench decode
	@.tools/phase "the store's costs" cargo bench -p evenkeel-store --bench store
	@.tools/phase "the gateway's costs" cargo bench -p evenkeel --bench gateway
	@.tools/phase "first load" node end2end/bench/first-load.mjs
	@.tools/phase "first token" node end2end/bench/first-token.mjs
	@.tools/phase "a long conversation" node end2end/bench/long-conversation.mjs
	@.tools/phase "a fast answer" node end2end/bench/stream.mjs
	@.tools/phase "the panel with 200 models" node end2end/bench/panel.mjs
	@.tools/phase "Lighthouse" node end2end/bench/lighthouse.mjs

DATA    ?= $(if $(XDG_DATA_HOME),$(XDG_DATA_HOME),$(HOME)/.local/share)
BIN     ?= $(HOME)/.local/bin

install-desktop: ## put Evenkeel among the applications of this user: a window of its own, which starts the server (after make build)
	@install -d "$(BIN)" "$(DATA)/applications" "$(DATA)/icons/hicolor/scalable/apps" "$(DATA)/icons/hicolor/512x512/apps"
	@sed 's|@ROOT@|$(CURDIR)|' packaging/evenkeel-window > "$(BIN)/evenkeel-window"
	@chmod 755 "$(BIN)/evenkeel-window"
	@sed 's|@WINDOW@|$(BIN)/evenkeel-window|' packaging/evenkeel.desktop > "$(DATA)/applications/evenkeel.desktop"
	@install -m 644 public/favicon.svg "$(DATA)/icons/hicolor/scalable/apps/evenkeel.svg"
	@install -m 644 public/icons/icon-512.png "$(DATA)/icons/hicolor/512x512/apps/evenkeel.png"
	@if command -v update-desktop-database >/dev/null; then update-desktop-database "$(DATA)/applications"; fi
	@echo "Evenkeel is among the applications now: $(DATA)/applications/evenkeel.desktop starts $(BIN)/evenkeel-window"

uninstall-desktop: ## take it away from there again; the conversations stay
	@rm -f "$(BIN)/evenkeel-window" "$(DATA)/applications/evenkeel.desktop" "$(DATA)/icons/hicolor/scalable/apps/evenkeel.svg" "$(DATA)/icons/hicolor/512x512/apps/evenkeel.png"
	@if command -v update-desktop-database >/dev/null; then update-desktop-database "$(DATA)/applications"; fi

clean: ## remove what was built; the tools stay, in ~/.cache/evenkeel
	rm -rf target end2end/node_modules end2end/test-results end2end/playwright-report
