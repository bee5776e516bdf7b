# SPDX-License-Identifier: GPL-2.0-only
# The targets of a newcomer. Each installs what is missing from Debian's packages first, says so,
# and does nothing the second time; INSTALL=no leaves the system alone.

INSTALL ?= yes
BUILD := build/release
LVSLAB := $(BUILD)/bin/lvslab
JOBS := $(shell nproc)
DEMO := scenarios/published-shape
FUZZ_SECONDS ?= 30
PREFIX ?= /usr
FUZZERS := $(patsubst tests/fuzz/%.cpp,%,$(wildcard tests/fuzz/fuzz_*.cpp))

ifeq ($(INSTALL),no)
install_packages = @echo "install: left out (INSTALL=no)"
else
install_packages = @packaging/install-dependencies.sh $(foreach list,$(1),packaging/$(list).txt)
endif

.DEFAULT_GOAL := help
.PHONY: help install install-bench install-router configure build demo test test-full bench bench-takeover asan fuzz clean

help: ## what the targets do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

install: ## install the missing Debian packages, nothing else
	$(call install_packages,debian-packages)

configure: install
	@cmake --preset release --log-level=WARNING

build: configure ## build the programs and tests into build/release
	@cmake --build --preset release

demo: build ## compare the scheduling algorithms on a published cluster's shape; makes a page
	@$(LVSLAB) compare $(DEMO)/scenario.yaml
	@echo "Open that page in a browser ($(CURDIR) is the folder)."

test: build ## build and run all tests but those that take many minutes
	@ctest --preset release -j $(JOBS)

test-full: build ## the same and those: a million decisions of a real kernel, ...
	@ctest --preset full -j $(JOBS)

install-bench: install
	$(call install_packages,debian-packages-bench)

# The order matters: what is configured depends on what is installed.
bench: install-bench build ## measure decisions, the connection table, worlds, real checks and sweeps (minutes)
	@$(BUILD)/bin/ipvs_bench --benchmark_out=$(BUILD)/ipvs_bench.json --benchmark_out_format=json
	@$(BUILD)/bin/flow_bench --json $(BUILD)/flow_bench.json
	@/usr/bin/python3 tests/bench/simpy_flow.py $(BUILD)/bin/flow_bench --json $(BUILD)/simpy_flow.json
	@$(BUILD)/bin/table_bench --json $(BUILD)/table_bench.json
	@$(BUILD)/bin/capture_rate
	@/usr/bin/python3 tests/bench/packet_overhead.py $(BUILD)/bin/packet_overhead
	@/usr/bin/python3 tests/bench/probe_load.py $(BUILD)/bin/probe_load
	@/usr/bin/python3 tests/bench/sweep_points.py $(LVSLAB)

bench-takeover: build ## measure takeovers beside keepalived's, 20 of each at three rates (many minutes)
	$(call install_packages,debian-packages debian-packages-bench)
	@/usr/bin/python3 tests/bench/takeover.py $(BUILD)/bin/lvsrouter $(BUILD)/bin/takeover_client \
	    --json $(BUILD)/takeover.json

install-router: build ## install lvsrouter, its systemd unit and its page below PREFIX (/usr)
	@cmake --install $(BUILD) --component lvsrouter --prefix $(PREFIX)

asan: install ## build with AddressSanitizer and UndefinedBehaviorSanitizer and run all tests
	@cmake --preset asan --log-level=WARNING
	@cmake --build --preset asan
	@ctest --preset asan -j $(JOBS)

fuzz: install ## run every fuzz target for FUZZ_SECONDS (30)
	$(call install_packages,debian-packages-fuzz)
	@cmake --preset fuzz --log-level=WARNING
	@cmake --build --preset fuzz --target $(FUZZERS)
	@for target in $(FUZZERS); do \
	    echo "$$target, $(FUZZ_SECONDS) s"; \
	    mkdir -p build/fuzz/corpus/$$target; \
	    build/fuzz/bin/$$target -max_total_time=$(FUZZ_SECONDS) -max_len=4000 -verbosity=0 \
	        -print_final_stats=1 -artifact_prefix=build/fuzz/ \
	        -dict=tests/fuzz/$${target#fuzz_}.dict build/fuzz/corpus/$$target || exit 1; \
	done

clean: ## remove what was built (results stay)
	@rm -rf build
