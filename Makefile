# make app: the dashboard. make test: everything CI checks, in as many processes as there are cores, a
# file in one of them (to debug a test, run pytest by itself). A .venv is made when missing; in it
# the command emotion-ai runs this checkout. make bench: hours; what lacks a dataset says so and the rest
# goes on.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: app test lint bench

app: .venv/.app
	@$(BIN)/emotion-ai app $(if $(ADDRESS),--server.address $(ADDRESS))

test: .venv/.dev
	$(BIN)/python -m pytest -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

bench: .venv/.dev
	@for script in benchmarks/*.py; do echo "== $$script"; \
	    PYTHONPATH=. $(BIN)/python $$script || failed="$$failed $$script"; done; \
	    test -z "$$failed" || { echo "without a result:$$failed"; exit 1; }

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.app: $(filter-out requirements-dev.txt,$(wildcard requirements*.txt)) pyproject.toml | .venv/bin/python
	$(PIP) -r requirements.txt --editable .
	@touch $@

.venv/.dev: $(wildcard requirements*.txt) pyproject.toml | .venv/bin/python
	$(PIP) -r requirements-dev.txt --editable .
	@touch $@ .venv/.app
