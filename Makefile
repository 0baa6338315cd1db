# A fresh machine needs Python 3.11 or newer and make; everything else goes into .venv.
# `make PYTHON=python3.12 quickstart` chooses the interpreter .venv is made with.

PYTHON ?= python3
JOBS ?= 2
PYTEST_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
INPUTS := pyproject.toml constraints.txt

.PHONY: help quickstart test test-all test-bounds lint format types imports wheel-test check clean

help:
	@echo "make quickstart   install, then generate, train and score a small run: table and report"
	@echo "make test         the quick tests (PYTEST_ARGS='-k name' picks some)"
	@echo "make test-all     all tests, slow ones included"
	@echo "make test-bounds  the tests of the kernels, with every read and write checked"
	@echo "make lint         ruff: rules and format     make format   let ruff mend both"
	@echo "make types        mypy, strict               make imports  which package may import which"
	@echo "make wheel-test   install the wheel in an empty environment and use it there"
	@echo "make check        lint, types and imports"
	@echo "make clean        remove .venv and all that was built"

quickstart: $(VENV)/.installed-run
	@$(BIN)/vao quickstart

test: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest -m "not slow" -n $(JOBS) --durations=10 $(PYTEST_ARGS)

test-all: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest -n $(JOBS) $(PYTEST_ARGS)

# In a cache of its own: Numba's on disk does not tell checked kernels from others.
test-bounds: $(VENV)/.installed-dev
	@cache=$$(mktemp -d) && trap 'rm -rf "$$cache"' EXIT && \
	  NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR="$$cache" $(BIN)/python -m pytest -m "not slow" \
	  tests/test_bounds.py tests/property tests/auctionsim/simulator tests/auctionsim/mechanism \
	  tests/auctionsim/traffic $(PYTEST_ARGS)

lint: $(VENV)/.installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(VENV)/.installed-dev
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(VENV)/.installed-dev
	@$(BIN)/mypy

imports: $(VENV)/.installed-dev
	@$(BIN)/lint-imports

wheel-test: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest tests/test_wheel.py $(PYTEST_ARGS)

check: lint types imports

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp is written after its step succeeded, so that an interrupted install is taken up again.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "auctionsim needs Python 3.11 or newer; '$(PYTHON)' is" \
	    "$$($(PYTHON) --version 2>&1 | tail -n 1)." \
	    "Name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "No virtual environment could be made; on Debian and Ubuntu install python3-venv." >&2; exit 1; }
	@touch $@

$(VENV)/.installed-run: $(VENV)/.made $(INPUTS)
	@echo "Installing auctionsim and what it needs into $(VENV) (one to three minutes) ..."
	@$(PIP_INSTALL) -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.made $(INPUTS)
	@echo "Installing auctionsim with the development tools into $(VENV) (one to three minutes) ..."
	@$(PIP_INSTALL) -e '.[dev]'
	@touch $(VENV)/.installed-run $@
