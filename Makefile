# Needs make and Python 3.11 or newer; everything else goes into .venv.
#
#   make demo    train the iris example and evaluate it
#   make test    everything that continuous integration runs: ruff, mypy and all tests
#   make quick   the tests without the slow ones
#   make format  format the code and fix what ruff can fix
#   make bench   the measurements of docs/benchmarks.md (installs scikit-learn and PyTorch)
#   make docs    write docs/config.md anew from the config models
#   make clean   remove .venv and everything else that was made here, but not runs/

BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable
# Two test processes on two cores: a BLAS with threads of its own collapses beside another busy process.
PYTEST := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

.PHONY: help demo test quick format bench docs clean
.DELETE_ON_ERROR:

help:
	@sed -n '3,9s/^# *//p' Makefile

demo: .venv/installed
	$(BIN)/nntrain fit configs/iris.yaml
	$(BIN)/nntrain eval latest

test: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST)

quick: .venv/installed-test
	$(PYTEST) -m "not slow"

format: .venv/installed-test
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

bench: .venv/installed-benchmark
	@for program in benchmarks/[!_]*.py; do echo "$$program"; $(BIN)/python "$$program" || exit; done

docs: .venv/installed
	$(BIN)/python -m nntrain.config.reference > docs/config.md.new
	mv docs/config.md.new docs/config.md

clean:
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find nntrain tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/installed: pyproject.toml | .venv/bin/python
	$(INSTALL) .
	@touch $@

.venv/installed-%: pyproject.toml | .venv/bin/python
	$(INSTALL) '.[$*]'
	@touch $@ .venv/installed

# The first Python that is new enough and can make virtual environments; PYTHON=... is asked before the others.
.venv/bin/python:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	  if "$$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    echo "making .venv with $$("$$python" --version)"; exec "$$python" -m venv .venv; \
	  fi; \
	done; \
	echo 'nntrain needs Python 3.11 or newer with its venv module (Debian and Ubuntu: apt install python3-venv),' >&2; \
	echo 'and found none. Where it has another name: make PYTHON=/path/to/python3 ...' >&2; \
	exit 1
