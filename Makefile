# make demo: from nothing to a fleet's jars at risk.   make test: everything that is checked.   make help: the rest.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install demo scale-demo up test quick bench lint format clean

help:
	@echo "make demo    install, then run the main job over a synthetic fleet and show what it found"
	@echo "make scale-demo  install, then two workers with separate homes, one killed in the middle of a backfill"
	@echo "make up      install, then serve the Dagster and MLflow pages until Ctrl-C"
	@echo "make test    install, then lint, types and tests"
	@echo "make quick   lint, types, the house and the pure rooms: what needs no database"
	@echo "make lint    ruff and mypy alone"
	@echo "make format  let ruff rewrite the code in our style"
	@echo "make bench   the figures of docs/figures.md, into benchmarks/latest.json"
	@echo "make clean   delete $(VENV) and caches; no data (battery-assets env says where that is)"

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "error: Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>/dev/null || echo absent)"; \
	  echo "next step: install it, or name one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "next step: install Python's venv module (Debian: apt install python3-venv)"; exit 1; }
	@echo "installing into $(VENV), a few minutes the first time ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,chat,export,scale]'
	@touch $@

demo: $(INSTALLED)
	$(BIN)/battery-assets demo

scale-demo: $(INSTALLED)
	@$(BIN)/python -m benchmarks.spread

up: $(INSTALLED)
	@$(BIN)/battery-assets up

test: lint
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=40 --durations-min=10

quick: lint
	$(BIN)/python -m pytest -q -n 2 --dist loadfile battery_assets_tests/test_house_rules.py \
	  battery_assets_tests/test_docs.py battery_assets_tests/test_graph.py battery_assets_tests/platform/days \
	  battery_assets_tests/features/charge battery_assets_tests/features/samples battery_assets_tests/features/credible \
	  battery_assets_tests/features/health battery_assets_tests/features/ripple battery_assets_tests/features/windows \
	  battery_assets_tests/ingest/files battery_assets_tests/ingest/lab/reconcile battery_assets_tests/learning/cycles

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find battery_assets battery_assets_tests -name __pycache__ -type d -prune -exec rm -rf {} +
