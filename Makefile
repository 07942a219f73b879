# Every word sets up what it needs; a clean machine needs Python 3.11 or newer, make, and pip's registry.
#   make demo    cast of a short programme that closeup makes itself
#   make test    all tests
#   make check   format, lint, types, architecture
#   make bench   speed and quality against a peer
#   make docs    generated pages and the site, in site/
#   make clean   remove what the words above made
# Another Python: make PYTHON=python3.12 test; a part of the tests: make test PYTEST="-m numeric"

# Nothing that we run reports to its maker; `import closeup` sets the same, for those who do not come by make.
export ORT_DISABLE_TELEMETRY := 1
export HF_HUB_DISABLE_TELEMETRY := 1
export DO_NOT_TRACK := 1

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench docs clean

help:
	@sed -n '/^#   make/s/^#   //p' Makefile

setup: $(READY)

# The stamp is older than the two files after a change in either, and is not there after a set-up that was cut short.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "closeup needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

demo: setup
	$(VENV)/bin/closeup demo

test: setup
	$(PY) -m pytest $(PYTEST)

check: setup
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -m pytest tests/test_architecture.py

bench: setup
	$(PY) benchmarks/run.py

docs: setup
	$(PY) docs/generate.py
	$(PY) -m mkdocs build --quiet --strict

clean:
	rm -rf $(VENV) site demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis src/*.egg-info
	find src tests benchmarks docs -name __pycache__ -prune -exec rm -rf {} +
