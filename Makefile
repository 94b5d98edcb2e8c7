# What people do here. Everything installs what it needs; only Debian, root (for the live tests) and Python 3.11 are assumed.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
TALLY := build/tally.jsonl

# Engines of the tests' own (tests/lab), one for each test process: a scenario may do to its Docker host what it likes.
# The one called second runs no tests: it is what the stack of one scenario is not on. The others are newer engines, each
# named after the Debian suite that it is from.
ENGINES := a b
SUITE := bookworm
OTHERS := trixie forky
SCENARIOS := tests/live/test_scenarios.py
ONLY :=
ON := tests/lab/engine $(firstword $(ENGINES)) run
as_worker = --tx 'popen//python=tests/lab/engine $(1) run $(BIN)/python'
LIVE = $(BIN)/python -m pytest --dist worksteal $(foreach engine,$(ENGINES),$(call as_worker,$(engine)))
LIVE_ON_OTHERS = $(BIN)/python -m pytest --dist each $(foreach engine,$(OTHERS),$(call as_worker,$(engine)))

.PHONY: help demo test test-fast lint fixtures accuracy docs bench engines up up-others down clean

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

$(STAMP): pyproject.toml tests/lab/venv
	tests/lab/venv $(VENV)
	@touch $@

demo: $(STAMP) ## diagnose a recorded sick stack; needs no engine
	@$(BIN)/netdoctor demo

test: $(STAMP) up up-others ## every test, the live ones on real engines
	@mkdir -p build && rm -f $(TALLY)
	$(BIN)/python -m pytest -n 2 -m 'not live'
	NETDOCTOR_TALLY=$(TALLY) $(LIVE) tests/live
	NETDOCTOR_TALLY=$(TALLY) $(LIVE_ON_OTHERS) -m engines_differ $(SCENARIOS)
	@$(BIN)/python -m tests.live.accuracy $(TALLY)

test-fast: $(STAMP) ## the tests that need no engine, in less than a minute
	$(BIN)/python -m pytest -m 'not live'

up: $(STAMP)
	@for engine in $(ENGINES) second; do tests/lab/engine $$engine up $(SUITE) || exit 1; done

up-others: $(STAMP)
	@for suite in $(OTHERS); do tests/lab/engine $$suite up $$suite || exit 1; done

down: ## stop the engines of the tests and delete what they hold
	@for engine in $(ENGINES) second $(OTHERS); do tests/lab/engine $$engine down || exit 1; done

lint: $(STAMP) ## ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fixtures: $(STAMP) up up-others ## record the fixtures anew from live stacks
	$(ON) $(BIN)/python -m tests.live.record
	@for engine in $(OTHERS); do tests/lab/engine $$engine run $(BIN)/python -m tests.live.record || exit 1; done

accuracy: $(STAMP) up ## root causes right of how many, false alarms over healthy stacks
	@mkdir -p build && rm -f $(TALLY)
	NETDOCTOR_TALLY=$(TALLY) $(LIVE) -q $(SCENARIOS)
	@$(BIN)/python -m tests.live.accuracy $(TALLY)

engines: $(STAMP) up up-others ## the same on newer engines; ONLY="-k dns" for some scenarios
	@mkdir -p build && rm -f $(TALLY)
	NETDOCTOR_TALLY=$(TALLY) $(LIVE_ON_OTHERS) -q $(ONLY) $(SCENARIOS); told=$$?; \
	$(BIN)/python -m tests.live.accuracy $(TALLY); exit $$told

bench: $(STAMP) up ## netdoctor against the checklist typed as a script, on a wide stack, and how well links are inferred
	tests/bench/install build/bench
	$(ON) $(BIN)/python -m tests.bench build/bench/bin/netdoctor
	$(ON) $(BIN)/python -m tests.bench.wide build/bench/bin/netdoctor
	$(BIN)/python -m tests.inference.measure

docs: $(STAMP) ## the pages under docs/ that are made from the code
	$(BIN)/python -m docs.make

clean: ## remove what was built here; the engines and their images stay
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
