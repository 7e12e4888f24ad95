# `make` alone lists what there is. Needs Python 3.11 or newer and make (also the one of macOS, 3.81).

PORT ?= 8930
VENV := .venv
BIN := $(VENV)/bin
# Tests run in this many processes: one more than there are cores, since some wait for PostgreSQL.
JOBS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
# Each test commits to a database of its own: where a file system in memory has 4 GB to spare and runs programs,
# no commit waits for a disk. Long tests that have the machine alone, and take away power, stay on it.
MEMORY := $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 4000000 {print $$6}' | \
	while read -r at; do grep -q " $$at .*noexec" /proc/mounts || echo "$$at"; done)

.DEFAULT_GOAL := help
.PHONY: help run test test-long mutants check format bench wheelhouse lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.run ## Serve a demo region on localhost (PORT=8930); the first run installs and fills it
	@exec $(BIN)/recordsvc run --port $(PORT)

test: $(VENV)/.test ## Run every test that is not long, on SQLite and PostgreSQL
	$(if $(MEMORY),TMPDIR=$(MEMORY) )$(BIN)/pytest -n $(JOBS) -m "not long"

test-long: $(VENV)/.test tests/oidc/node_modules/.made ## Run the long tests: journeys, faults, other people's verifiers
	$(if $(MEMORY),TMPDIR=$(MEMORY) )$(BIN)/pytest -n $(JOBS) --dist worksteal -m "long and beside"
	$(BIN)/pytest -m "long and not beside"

mutants: $(VENV)/.test ## Take each safeguard of money away, see which cases notice, write docs/mutants.md
	$(BIN)/python -m tests.faults.money_mutants --write docs/mutants.md

check: $(VENV)/.test ## Lint, format, types, import directions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.test ## Format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.test ## Measure speed against the machine's own limits, on SQLite and PostgreSQL
	$(BIN)/python -m bench

wheelhouse: $(VENV)/.run ## Collect everything an installation without internet needs (docs/install.md)
	rm -rf wheelhouse
	$(BIN)/python -m pip download --require-hashes --requirement requirements/run.lock --dest wheelhouse
	$(BIN)/python -m pip wheel --no-deps --no-build-isolation --wheel-dir wheelhouse .
	cp requirements/run.lock wheelhouse/

lock: ## Choose new versions of the dependencies (needs uv)
	deploy/lock.sh

clean: ## Remove what make made; keeps the data
	rm -rf $(VENV) wheelhouse dist .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The identity provider that the tests of sign-in talk to; where it cannot be had, they say so and are skipped.
tests/oidc/node_modules/.made: tests/oidc/package-lock.json
	@(cd tests/oidc && npm ci --no-audit --no-fund --ignore-scripts && touch node_modules/.made) || \
	echo "no npm, or nothing to be had by it: sign-in is not tried with a real identity provider"

# A stamp tells what the virtual environment holds; a second `make run` finds it and starts at once.
$(VENV)/.run: requirements/run.lock pyproject.toml deploy/venv.sh
	@deploy/venv.sh $(VENV) requirements/run.lock
	@touch $@

# Holds everything of run.lock in the same versions, and the tools for tests.
$(VENV)/.test: requirements/test.lock pyproject.toml deploy/venv.sh
	@deploy/venv.sh $(VENV) requirements/test.lock
	@touch $@ $(VENV)/.run
