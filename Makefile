# Everything below needs only make and a Python >= 3.11 on PATH; PYTHON=… chooses another one.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$name"; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The suite's size: a quick draw of examples at the desk, the full one where CI is set.
export HYPOTHESIS_PROFILE ?= $(if $(filter true,$(CI)),ci,dev)
# The tests start the command line many times: compiled once, not at every start.
unexport PYTHONDONTWRITEBYTECODE
WORKERS ?= 2
PORT ?= 8000

.PHONY: help install browser cluster demo serve test test-fast test-long mutants lint format bench bench-scale bench-peers lock build clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

install: $(STAMP) ## virtual environment in .venv, from hash-locked requirements

$(STAMP): requirements/dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "gongdan needs Python 3.11 or newer; none is on PATH (PYTHON=/path/to/python make install)" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

browser: $(STAMP) ## Chromium and a Chinese font for the tests of the pages (Debian's packages, where root may install them)
	$(BIN)/python -m tests.browser.machine

cluster: $(STAMP) ## Patroni and etcd for the failover tests (Debian's packages, where root may install them)
	$(BIN)/python -m tests.faults.machine

demo: $(STAMP) ## a simulated estate in a new store, served on loopback
	$(BIN)/gongdan demo --port $(PORT)

serve: $(STAMP) ## API and pages over the store named by GONGDAN_STORE
	$(BIN)/gongdan serve --port $(PORT)

test: $(STAMP) browser ## the test suite (ARGS='-k …' passes options to pytest)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

# The law, event bytes and golden histories, SQLite, and one pass over use cases, API and terminal; no browser, no PostgreSQL.
FAST := tests/ticket tests/rules tests/tally tests/finding tests/golden tests/store/log/test_codec.py tests/store/test_schema.py \
	tests/store/test_database.py tests/service_desk/test_two_times.py tests/service_desk/test_journal.py tests/api/ticket/test_tickets.py \
	tests/api/appraisal/test_findings.py tests/cli/test_finding.py
test-fast: $(STAMP) ## a quick part of the tests (PYTHON=python3.13 VENV=.venv-3.13 runs it on another Python)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -k "not postgres" $(FAST) $(ARGS)

test-long: $(STAMP) cluster ## the tests that take minutes: kill runs, failovers, large histories
	$(BIN)/python -m pytest -n $(WORKERS) -m long --timeout 3600 $(ARGS)

mutants: $(STAMP) ## mutation testing of the rules of pay, clocks, duty and rights (three quarters of an hour of one core; not in CI)
	HYPOTHESIS_PROFILE=mutants $(BIN)/mutmut run --max-children $(WORKERS)
	$(BIN)/python -m tests.mutation

lint: $(STAMP) ## ruff, mypy strict, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(STAMP) ## what ruff can put right by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP) ## measurements on both stores against their goals (ARGS='--only append --json FILE'); fails below a first step
	$(BIN)/python -m tests.benchmarks $(ARGS)

bench-scale: $(STAMP) ## the rows about size at a million tickets on both databases (ARGS='--tickets 200000' for fewer)
	$(BIN)/python -m tests.benchmarks.scale $(ARGS)

bench-peers: $(STAMP) ## appends of other event stores beside ours; installs them into a temporary folder
	$(BIN)/python -m tests.benchmarks.peers $(ARGS)

# The locks name versions and hashes and no address, so that any registry will do. UPGRADE=--upgrade takes newer versions.
COMPILE = env -u UV_INDEX -u UV_FIND_LINKS -u PIP_FIND_LINKS $(BIN)/uv pip compile --quiet --universal --generate-hashes \
	--no-emit-index-url --no-emit-find-links --python-version 3.11 --custom-compile-command 'make lock' $(UPGRADE)
lock: $(STAMP) ## requirements/*.txt anew from pyproject.toml
	$(COMPILE) --extra dev pyproject.toml --output-file requirements/dev.txt
	$(COMPILE) --constraint requirements/dev.txt pyproject.toml --output-file requirements/runtime.txt
	$(COMPILE) --constraint requirements/dev.txt --group build --output-file requirements/build.txt

build: $(STAMP) ## the wheel, in dist/
	$(BIN)/python -m build --wheel --no-isolation

clean: ## removes everything made by the targets above, the store of `serve` excepted
	rm -rf $(VENV) .venv-3.* build dist mutants .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
	find domain projections adapters tests -name __pycache__ -type d -prune -exec rm -rf {} +
