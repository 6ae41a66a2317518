# `make demo` and `make test` do all set-up themselves; a second call starts in seconds.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install -q -c constraints.txt
ARGS ?=
JOBS ?= 2

.PHONY: demo test test-slow check wheel clean help

help:
	@echo "make demo [ARGS=--no-ui]   the main job on made-up cases of both domains, then the review UI"
	@echo "make test [ARGS=...]       the test suite (ARGS go to pytest, JOBS=2 files at once)"
	@echo "make test-slow            the few tests that are left out there: kills, and learning from goods and labels"
	@echo "make check                 ruff, mypy, import-linter"
	@echo "make wheel                 build the wheel and run it in a clean environment"

demo: $(VENV)/.run
	$(BIN)/secondlook demo $(ARGS)

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-slow: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(JOBS) -m slow $(ARGS)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

wheel: $(VENV)/.dev
	$(BIN)/python tests/packaging/smoke.py

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "secondlook needs Python 3.11 or newer; try: make PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "cannot make $(VENV): on Debian and Ubuntu, install the package python3-venv"; exit 1; }

# The stamps are made last: an installation that was cut off is taken up again.
$(VENV)/.run: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing secondlook into $(VENV) (a few minutes the first time) ..."
	$(PIP) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	@echo "Installing the development tools into $(VENV) ..."
	$(PIP) -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
