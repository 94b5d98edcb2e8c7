# What people do here. Everything installs what it needs; only Debian, root (for the live tests) and Python 3.11 are assumed.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
TALLY := build/tally.jsonl

# Engines of the tests' own (tests/lab), one for each test process: a scenario may do to its Docker host what it likes.
# The one called second runs no tests: it is what the stack of one scenario is not on.
ENGINES := a b
SUITE := bookworm
ON := tests/lab/engine $(firstword $(ENGINES)) run
LIVE = $(BIN)/python -m pytest --dist worksteal $(foreach e,$(ENGINES),--tx 'popen//python=tests/lab/engine $(e) run $(BIN)/python')

.PHONY: help demo test test-fast lint fixtures accuracy docs bench engines down clean

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

$(STAMP): pyproject.toml tests/lab/venv
	tests/lab/venv $(VENV)
	@touch $@

demo: $(STAMP) ## diagnose a recorded sick stack; needs no engine
	@$(BIN)/netdoctor demo

test: $(STAMP) engines ## every test, the live ones on real engines
	@mkdir -p build && rm -f $(TALLY)
	$(BIN)/python -m pytest -n 2 -m 'not live'
	NETDOCTOR_TALLY=$(TALLY) $(LIVE) tests/live
	@$(BIN)/python -m tests.live.accuracy $(TALLY)

test-fast: $(STAMP) ## the tests that need no engine, in less than a minute
	$(BIN)/python -m pytest -m 'not live'

engines: $(STAMP) ## start the engines of the tests, or see that they run
	@for engine in $(ENGINES) second; do tests/lab/engine $$engine up $(SUITE) || exit 1; done

down: ## stop the engines of the tests and delete what they hold
	@for engine in $(ENGINES) second; do tests/lab/engine $$engine down || exit 1; done

lint: $(STAMP) ## ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fixtures: $(STAMP) engines ## record the fixtures anew from live stacks
	$(ON) $(BIN)/python -m tests.live.record

accuracy: $(STAMP) engines ## root causes right of how many, false alarms over healthy stacks
	@mkdir -p build && rm -f $(TALLY)
	NETDOCTOR_TALLY=$(TALLY) $(LIVE) -q tests/live/test_scenarios.py
	@$(BIN)/python -m tests.live.accuracy $(TALLY)

bench: $(STAMP) engines ## netdoctor, installed from a wheel, against the checklist typed as a script
	tests/bench/install build/bench
	$(ON) $(BIN)/python -m tests.bench build/bench/bin/netdoctor

docs: $(STAMP) ## the pages under docs/ that are made from the code
	$(BIN)/python -m docs.make

clean: ## remove what was built here; the engines and their images stay
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
