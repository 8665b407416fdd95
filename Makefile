# Two commands matter on a fresh machine that has Python 3.11 or newer: `make run` and `make test`.
# Each first prepares a virtual environment from the locked, hash-checked requirements.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# A clone that somebody else owns can be read but not written: then everything goes to the caller's own cache.
HOME_DIR := $(shell if [ -w . ]; then echo .; else echo "$${XDG_CACHE_HOME:-$$HOME/.cache}/yangguang"; fi)
ifneq ($(HOME_DIR),.)
export DATA_DIR ?= $(HOME_DIR)/.data
export MYPY_CACHE_DIR ?= $(HOME_DIR)/.mypy_cache
export RUFF_CACHE_DIR ?= $(HOME_DIR)/.ruff_cache
export HYPOTHESIS_STORAGE_DIRECTORY ?= $(HOME_DIR)/.hypothesis
export PYTEST_ADDOPTS ?= -p no:cacheprovider
export PYTHONPYCACHEPREFIX ?= $(HOME_DIR)/.pycache
LINT_IMPORTS_FLAGS := --no-cache
endif

# Many container images forbid to keep compiled modules: each start would compile a thousand of them again.
unexport PYTHONDONTWRITEBYTECODE

VENV ?= $(HOME_DIR:.=)$(if $(filter-out .,$(HOME_DIR)),/).venv
PY := $(VENV)/bin/python
RUNTIME := $(VENV)/.installed-runtime
DEV := $(VENV)/.installed-dev

# Tried in this order; `make run PYTHON=/path/to/python` names another one.
PYTHONS := $(PYTHON) python3.13 python3.12 python3.11 python3 python

# Wheels only: nothing is compiled here, and no unlocked build tool is fetched. Modules are compiled on first import.
PIP_INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --no-input --no-compile \
	--require-hashes --no-deps --only-binary :all:

# Unpacking keeps a core busy, and there is a second one: two halves of the entries, each line with the hashes below it.
define install
	awk -v part=$(VENV)/.part '/^[^ ]/ { n++ } { print > (part n % 2) }' $<
	printf '%s\n' 0 1 | xargs -P 2 -I{} $(PIP_INSTALL) -r $(VENV)/.part{}
	rm -f $(VENV)/.part*
endef

.PHONY: help
help: ## Say what the targets do
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# exec: signals reach the program itself. It answers Ctrl-C by stopping cleanly with exit code 0.
.PHONY: run
run: $(RUNTIME) ## Start the whole platform (PORT and DATA_DIR override the defaults)
	@exec $(PY) -m services all

.PHONY: run-cluster
run-cluster: $(RUNTIME) ## Start it as processes of their own, on Kafka (needs Java 17 and Maven)
	@exec $(PY) -m services cluster

.PHONY: test
test: $(DEV) ## Check and test everything, as continuous integration does
	@$(MAKE) --no-print-directory --jobs 2 lint pytest

.PHONY: pytest
pytest: $(DEV)
	@$(PY) -m pytest -n auto --dist loadgroup

.PHONY: lint
lint: $(DEV) ## Check format, style, types and who may import whom
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy --num-workers 2
	@$(VENV)/bin/lint-imports $(LINT_IMPORTS_FLAGS)

.PHONY: format
format: $(DEV) ## Format the code and repair what can be repaired safely
	@$(PY) -m ruff check --fix-only .
	@$(PY) -m ruff format .

.PHONY: bench
bench: $(DEV) ## Measure the figures that the documentation promises
	@exec $(PY) -m bench

.PHONY: docs
docs: $(DEV) ## Write docs/asyncapi.yaml anew from the event classes
	@$(PY) -m libs.common.asyncapi tests/contract/events > docs/asyncapi.yaml

.PHONY: faults
faults: $(DEV) ## Break the platform in every way, in minutes; writes docs/reliability.md
	@exec $(PY) -m faults --write $(FAULTS)

.PHONY: faults-long
faults-long: $(DEV) ## The same for an hour, and the tests that search or take minutes
	@$(PY) -m faults --long --write $(FAULTS)
	@$(PY) -m pytest tests/faults tests/journey tests/common/test_broker.py --long -m "long or not long"

# One lock for every platform and every supported Python; it names no registry, so any mirror serves it.
LOCK = $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links --annotation-style line $(LOCK_FLAGS)

.PHONY: lock
lock: $(RUNTIME) ## Lock the newest versions of what requirements*.in ask for (LOCK_FLAGS=--upgrade)
	@$(PY) -m pip install --quiet --disable-pip-version-check uv
	@$(LOCK) requirements.in -o requirements.txt
	@$(LOCK) requirements-dev.in -o requirements-dev.txt

$(VENV)/.made:
	@$(PY) -m pip --version >/dev/null 2>&1 || { \
		for python in $(PYTHONS); do \
			"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
			"$$python" -c 'import ensurepip, venv' >/dev/null 2>&1 || { without_venv=$$python; continue; }; \
			echo "Creating $(VENV) with $$("$$python" --version)"; \
			exec "$$python" -m venv --clear "$(VENV)"; \
		done; \
		if [ -n "$$without_venv" ]; then \
			echo "$$without_venv lacks the venv module: install it (on Debian and Ubuntu: python3-venv)." >&2; \
		else \
			echo "Python 3.11 or newer is needed and was not found; PYTHON=/path/to/python names one." >&2; \
		fi; exit 1; }
	@touch $@

$(RUNTIME): requirements.txt $(VENV)/.made
	@echo "Installing the locked requirements (once, under a minute)"
	@$(install)
	@touch $@

# What the platform itself needs is among them: one installation is quicker than two.
$(DEV): requirements-dev.txt $(VENV)/.made
	@echo "Installing the locked requirements and development tools (once, under a minute)"
	@$(install)
	@touch $(RUNTIME) $@
