# Needs make and Python 3.11 or newer; everything else goes into .venv.
#
#   make demo    train the iris example and evaluate it
#   make test    ruff, mypy and all tests but the exhaustive ones
#   make quick   the tests without the slow ones
#   make format  format the code and fix what ruff can fix
#   make bench   the measurements of docs/benchmarks.md (installs scikit-learn and PyTorch)
#   make docs    write docs/config.md anew from the config models
#   make clean   remove the virtual environments and everything else that was made here, but not runs/
#
#   make test-exhaustive  hundreds of kills and signals, thousands of damaged files and configs, scores on MNIST
#   make test-lowest  the tests without the slow ones, on the lowest versions of the libraries that pyproject.toml allows
#   make raise-tools  pin the newest pytest, ruff, mypy, and types for it, in pyproject.toml

BIN := .venv/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable
# Two test processes on two cores: a BLAS with threads of its own collapses beside another busy process.
PYTEST = OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

.PHONY: help demo test test-exhaustive test-lowest quick format bench docs raise-tools clean
.DELETE_ON_ERROR:

help:
	@sed -n '3,13s/^# \{0,3\}//p' Makefile

demo: .venv/installed
	$(BIN)/nntrain fit configs/iris.yaml
	$(BIN)/nntrain eval latest

test: .venv/installed-test .venv-types/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	.venv-types/bin/mypy
	$(PYTEST) -m "not exhaustive"

test-exhaustive: .venv/installed-test
	$(PYTEST) -m exhaustive

test-lowest: BIN := .venv-lowest/bin
test-lowest: .venv-lowest/installed
	$(PYTEST) -m "not slow and not exhaustive"

quick: .venv/installed-test
	$(PYTEST) -m "not slow and not exhaustive"

format: .venv/installed-test
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

bench: .venv/installed-benchmark
	@for program in benchmarks/[!_]*.py; do echo "$$program"; $(BIN)/python "$$program" || exit; done

docs: .venv/installed
	$(BIN)/python -m nntrain.config.reference > docs/config.md.new
	mv docs/config.md.new docs/config.md

raise-tools: BIN := .venv-types/bin
raise-tools: .venv-types/installed
	$(INSTALL) . --upgrade $$($(BIN)/python .ci/requirements.py pinned)
	$(BIN)/python .ci/requirements.py raise

clean:
	rm -rf .venv .venv-lowest .venv-types build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find nntrain tests benchmarks .ci -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/installed: pyproject.toml | .venv/bin/python
	$(INSTALL) .
	@touch $@

.venv/installed-%: pyproject.toml | .venv/bin/python
	$(INSTALL) '.[$*]'
	@touch $@ .venv/installed

.venv-types/installed: BIN := .venv-types/bin
.venv-types/installed: pyproject.toml | .venv-types/bin/python
	$(INSTALL) '.[test,types]'
	@touch $@

.venv-lowest/installed: pyproject.toml .ci/requirements.py | .venv-lowest/bin/python
	$(BIN)/python .ci/requirements.py lowest > .venv-lowest/lowest.txt
	$(INSTALL) '.[test]' --constraint .venv-lowest/lowest.txt
	@touch $@

# The first Python that is new enough and can make virtual environments; PYTHON=... is asked before the others.
.venv/bin/python .venv-lowest/bin/python .venv-types/bin/python:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	  if "$$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	    echo "making $(@:/bin/python=) with $$("$$python" --version)"; exec "$$python" -m venv $(@:/bin/python=); \
	  fi; \
	done; \
	echo 'nntrain needs Python 3.11 or newer with its venv module (Debian and Ubuntu: apt install python3-venv),' >&2; \
	echo 'and found none. Where it has another name: make PYTHON=/path/to/python3 ...' >&2; \
	exit 1
