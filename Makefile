# What people do here. Everything installs what it needs; only Debian, root (for the live tests) and Python 3.11 are assumed.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
TALLY := build/tally.jsonl

.PHONY: help demo test test-fast live lint fixtures accuracy docs bench engine clean

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

$(STAMP): pyproject.toml tests/lab/venv
	tests/lab/venv $(VENV)
	@touch $@

demo: $(STAMP) ## diagnose a recorded sick stack; needs no engine
	@$(BIN)/netdoctor demo

# The scenarios keep out of each other's way and run side by side; what looks at the whole machine runs alone after them.
test: $(STAMP) engine ## every test, on a real engine that is started if need be
	@mkdir -p build && rm -f $(TALLY)
	NETDOCTOR_TALLY=$(TALLY) $(BIN)/python -m pytest -n 2 tests/live/test_scenarios.py
	$(BIN)/python -m pytest --ignore tests/live/test_scenarios.py
	@$(BIN)/python -m tests.live.accuracy $(TALLY)

test-fast: $(STAMP) ## the tests that need no engine, in less than a minute
	$(BIN)/python -m pytest -m 'not live'

engine: $(STAMP)
	tests/lab/engine up
	tests/lab/images

lint: $(STAMP) ## ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fixtures: $(STAMP) engine ## record the fixtures anew from live stacks
	$(BIN)/python -m tests.live.record

accuracy: $(STAMP) engine ## root causes right of how many, false alarms over healthy stacks
	@mkdir -p build && rm -f $(TALLY)
	NETDOCTOR_TALLY=$(TALLY) $(BIN)/python -m pytest -q -n 2 tests/live/test_scenarios.py
	@$(BIN)/python -m tests.live.accuracy $(TALLY)

bench: $(STAMP) engine ## netdoctor, installed from a wheel, against the checklist typed as a script
	tests/bench/install build/bench
	$(BIN)/python -m tests.bench build/bench/bin/netdoctor

docs: $(STAMP) ## the pages under docs/ that are made from the code
	$(BIN)/python -m docs.make

clean: ## remove what was built here; the engine and its images stay
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
