# Everything is set up by the target that needs it: a private .venv with hash-pinned dependencies.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SECONDS ?= 0
WORKERS ?= $(shell nproc 2>/dev/null || echo 2)

.PHONY: help setup demo test lint format types layers unit soak bench lock clean
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 12

$(VENV)/.ready: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "access-auditd needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 ..." >&2; exit 2; }
	@echo "setting up $(VENV) (once) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@awk '/^setuptools==/{on=1} on{print} on&&!/\\$$/{exit}' requirements-dev.lock > $(VENV)/build.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/build.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(VENV)/.ready  ## create .venv with the pinned dependencies

demo: setup  ## watch an invented force being audited live (SECONDS=60 stops by itself)
	@$(BIN)/access-auditd demo --seconds $(SECONDS)

lint: setup  ## format check, lint, types, import layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup  ## apply the formatter and the safe fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

unit: setup  ## the tests alone
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m 'not soak'

test: lint unit  ## format, lint, types, layers, tests

soak: setup  ## long property and kill runs
	$(BIN)/pytest -n $(WORKERS) -m soak --timeout 3600

bench: setup  ## measure: backlog lines/s and memory, explanations, live latency
	$(BIN)/python -m benchmarks

lock: setup  ## re-pin every dependency with hashes
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --upgrade --extra postgres --extra sigma --python-version 3.11 pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --upgrade --extra postgres --extra sigma --extra plot --group dev --python-version 3.11 pyproject.toml -o requirements-dev.lock

clean:  ## remove what the targets made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info
