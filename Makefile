# Every word sets up what it needs; a clean machine needs Python 3.11 or newer, make, and pip's registry.
#   make demo    cast of a short programme that closeup makes itself; sets up only what that needs
#   make test    all tests
#   make check   format, lint, types, architecture
#   make studio  the pages that are built, from studio/, with Node.js 20 or newer: of `closeup serve`, `act live` and the kiosk
#   make studio-test  what pages compute, in TypeScript, against the same golden numbers as Python; needs Node.js 20
#   make bench   speed and quality against a peer
#   make docs    generated pages, the README's pictures (with Chromium), and the site, in site/
#   make dist    wheel and source package, in dist/
#   make clean   remove what the words above made
# Another Python: make PYTHON=python3.12 test; a part of the tests: make test PYTEST="-m numeric"; in one
# process, to debug: make test WORKERS=0; in more than two: make test WORKERS=8

# Nothing that we run reports to its maker; `import closeup` sets the same, for those who do not come by make.
export ORT_DISABLE_TELEMETRY := 1
export HF_HUB_DISABLE_TELEMETRY := 1
export DO_NOT_TRACK := 1

PYTHON ?= python3
WORKERS ?= auto
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
WHOLE := $(VENV)/.whole
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e

.DEFAULT_GOAL := help
# The pages that are built: their packages come by npm, once; all after that is offline.
MODULES := studio/node_modules/.ready

.PHONY: help setup demo test check studio studio-test bench docs dist clean

help:
	@sed -n '/^#   make/s/^#   //p' Makefile

setup: $(WHOLE)

# The stamp is older than the two files after a change in either, and is not there after a set-up that was cut short.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "closeup needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(INSTALL) ".[demo]"
	@touch $@

# The rest: training, documentation, and what tests need.
$(WHOLE): $(READY)
	$(INSTALL) ".[dev]"
	@touch $@

demo: $(READY)
	$(VENV)/bin/closeup demo

# Each process computes on one core, or they would wait for each other; two of them, since each may take 2 GB.
test: export OPENBLAS_NUM_THREADS ?= 1
test: export OMP_NUM_THREADS ?= 1
test: setup
	$(PY) -m pytest -n $(WORKERS) --maxprocesses 2 --dist loadfile $(PYTEST)

check: setup
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -m pytest tests/test_architecture.py

$(MODULES): studio/package-lock.json
	cd studio && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

studio: $(MODULES)
	cd studio && npm run --silent build

studio-test: $(MODULES)
	cd studio && npm run --silent check && npm run --silent test

bench: setup
	$(PY) benchmarks/run.py

docs: setup
	$(PY) docs/generate.py
	$(PY) docs/pictures.py
	$(PY) -m mkdocs build --quiet --strict

# A wheel has the pages where npm is at hand to build them; without them each command of theirs says what to do.
dist: setup
	if command -v npm >/dev/null; then $(MAKE) studio; else echo "No npm: the wheel comes without its pages." >&2; fi
	rm -rf build dist
	$(PY) -c "from setuptools import build_meta; build_meta.build_sdist('dist'); build_meta.build_wheel('dist')" >/dev/null
	rm -rf build

clean:
	rm -rf $(VENV) studio/node_modules src/closeup/server/static site demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis src/*.egg-info
	find src tests benchmarks docs -name __pycache__ -prune -exec rm -rf {} +
