# make app: the dashboard. make test: everything CI checks. A .venv is made when missing.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: app test lint bench

app: .venv/.app
	@$(BIN)/streamlit run streamlit_app.py $(if $(ADDRESS),--server.address $(ADDRESS))

test: .venv/.dev
	$(BIN)/python -m pytest

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

bench: .venv/.dev
	@for script in benchmarks/*.py; do echo "== $$script"; PYTHONPATH=. $(BIN)/python $$script || exit 1; done

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/.app: requirements.txt requirements-app.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/.dev: requirements-dev.txt requirements.txt requirements-app.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ .venv/.app
