# Byggbro. `make` alone lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup demo screenshots test chaos check format lock clean

BIN := .venv/bin
LOCK := requirements/dev.txt
CLIENTS := requirements/clients.txt
TESTS ?=

# The first Python on the path that is new enough.
FIND_PYTHON = for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	  "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$name"; exit 0; }; \
	done; echo "Byggbro needs Python 3.11 or newer, with venv, on the PATH." >&2; exit 1

# uv installs ten times as fast as pip and comes from the same lock; where it cannot reach the index, pip does it.
INSTALL = $(BIN)/uv pip install --quiet --system-certs --require-hashes --python $(1)/bin/python -r $(2) 2>.venv/uv.log \
	|| $(BIN)/python -m pip --python $(1)/bin/python install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(2)

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/installed ## make .venv with the locked requirements (again only when the lock changed)
	@:

.venv/installed: $(LOCK)
	@python=$$($(FIND_PYTHON)); echo "Installing $(LOCK) into .venv ($$($$python --version))"
	@rm -rf .venv; $$($(FIND_PYTHON)) -m venv .venv
	@sed -n '/^uv==/,/[^\\]$$/p' $(LOCK) > .venv/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.txt 2>.venv/pip.log \
	  || { cat .venv/pip.log >&2; exit 1; }
	@$(call INSTALL,.venv,$(LOCK))
	@touch $@

# fortpyx and pysmartdok, two public clients that the twins are tried against; their pins clash with ours.
.venv-clients/installed: $(CLIENTS) .venv/installed
	@echo "Installing $(CLIENTS) into .venv-clients"
	@rm -rf .venv-clients; $(BIN)/python -m venv --without-pip .venv-clients
	@$(call INSTALL,.venv-clients,$(CLIENTS))
	@touch $@

demo: setup ## run everything with demo data and watch it move; ONCE=1 ends after the comparison
	@exec $(BIN)/python -m demo $(if $(filter-out 0,$(ONCE)),--once)

screenshots: setup ## pictures of the main pages, from demo data, into docs/screens (needs Chromium)
	@$(BIN)/python -m demo.pictures

test: setup .venv-clients/installed ## the whole suite with coverage; TESTS="-k I2" runs a part of it without
	@rm -rf .data/tests
	@BYGGBRO_DATA=$(CURDIR)/.data/tests $(BIN)/python -m pytest $(if $(TESTS),$(TESTS),\
	  -n 2 --cov --cov-report=term --cov-fail-under=90)

SEEDS ?= 50
chaos: setup ## storms of faults against real processes, from SEEDS=50 seeds; prints docs/reliability.md's table
	@BYGGBRO_DATA=$(CURDIR)/.data/chaos $(BIN)/python -m tests.chaos --seeds $(SEEDS)

# Production settings with well-formed dummies; no service of theirs is reached, and nothing embedded starts.
check: export DATABASE_URL := postgres://byggbro:dummy@127.0.0.1:1/byggbro
check: export REDIS_URL := redis://127.0.0.1:1/0
check: export CELERY_BROKER_URL :=
check: export PUBLIC_URL := https://byggbro.example.com
check: export ALLOWED_HOSTS := byggbro.example.com
check: export SECRET_KEY := dummy-for-this-check-only-abcdefghijklmnopqrstuvwxyz-0123456789
check: export ENCRYPTION_KEYS := AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
check: export FORTNOX_CLIENT_ID := dummy
check: export FORTNOX_CLIENT_SECRET := dummy
check: export BYGGBRO_DATA := $(CURDIR)/.data/check
check: setup ## lint, types, layers, migrations, production settings
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	@told=$$($(BIN)/lint-imports --no-logo) || { echo "$$told"; exit 1; }
	$(BIN)/mypy --no-error-summary
	$(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/python locale/update.py --check

format: setup ## format and sort the code
	$(BIN)/ruff check --quiet --fix-only
	$(BIN)/ruff format

lock: setup ## resolve requirements/*.in anew; UPGRADE=1 takes newer versions
	@for name in base prod dev clients; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	    $(if $(UPGRADE),--upgrade) requirements/$$name.in --output-file requirements/$$name.txt; \
	done

clean: ## remove the data of the demo and the tests
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m demo.clean; fi
	@rm -rf .data .coverage .coverage.* htmlcov staticfiles
