# Every verb sets up what it needs. `make help` lists them.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
MUTATION := $(VENV)/.mutation
ARGS ?=
SOAK ?= 1000
SHRINK ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test thorough soak mutation check lint types contract wheel bench clean

help: ## List the verbs
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Make .venv with everything that the other verbs need

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "sync-engine needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(STAMP)

demo: $(STAMP) ## Postgres and Notion in sync on this machine, nothing to configure (ARGS=--once: tell the story and exit)
	$(BIN)/sync-engine demo $(ARGS)

test: $(STAMP) ## Run the tests (ARGS=tests/unit for a part)
	$(BIN)/python -m pytest -n auto $(ARGS)

thorough: $(STAMP) ## Run the tests with every case of those that CI tries at some places only (ARGS as for test)
	THOROUGH=1 $(BIN)/python -m pytest -n auto $(ARGS)

soak: $(STAMP) ## Random histories on both sides, as many as you like (SOAK=1000, SHRINK=0: long story of a failure)
	SOAK=$(SOAK) SHRINK=$(SHRINK) $(BIN)/python -m pytest -s tests/chaos/test_stateful.py

# CI=1: property tests draw the same examples each time, so that a mutant lives or dies for a reason.
mutation: $(MUTATION) ## Change the rules of domain/ one by one: which change does no test notice? (ARGS='sync_engine.domain.merge*')
	CI=1 $(BIN)/mutmut run --max-children 2 $(ARGS)
	$(BIN)/mutmut results --all true | $(BIN)/python tests/mutation/report.py

$(MUTATION): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[mutation]'
	@touch $(MUTATION)

check: lint types contract ## Lint, types and the import contract

lint: $(STAMP) ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP) ## mypy, strict
	$(BIN)/mypy

contract: $(STAMP) ## The layers that may import each other
	$(BIN)/lint-imports

wheel: $(STAMP) ## Build the wheel, install it into an empty environment, run the demo from it
	$(BIN)/python tests/wheel/check_wheel.py

bench: $(STAMP) ## Measure: ratios against a baseline in the same run (ARGS=--quick)
	$(BIN)/python -m benchmarks $(ARGS)

clean: ## Remove what the verbs made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
