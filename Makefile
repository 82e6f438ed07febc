# What a contributor runs. Two stamps in .venv say what is installed there: `runtime`, then `dev`.

PYTHON ?= $(or $(shell for python in python3.11 python3 python3.12 python3.13 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null && echo $$python && break; done), \
	$(error Python 3.11 or newer is missing (on Debian: apt-get install python3-venv)))
INSTALL := .venv/bin/pip install --quiet --constraint constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help run test check kafka postgres demo proof bench bench-kafka constraints clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1 \t/p' Makefile | expand -t 22

run: .venv/runtime ## start the service on http://127.0.0.1:8080 with SQLite (PORT=N for another port)
	@exec .venv/bin/convgroups serve $(if $(PORT),--port $(PORT))

test: .venv/dev ## run the tests that decide whether a change is good, on real services
	@.venv/bin/pytest -m "not proof" --cov
	@report=$$(.venv/bin/coverage report --include='domain/*,projections/*' --fail-under=100) \
		|| { echo "$$report"; echo 'domain and projections are to be covered to the last branch'; exit 1; } >&2

check: .venv/dev ## check format, lint, types and layers
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy
	.venv/bin/lint-imports

kafka: ## start a real Kafka broker on 127.0.0.1:9092, until Ctrl-C (PORT=N for another port)
	@exec $(PYTHON) infra/kafka/up $(or $(PORT),9092)

postgres: ## start a real PostgreSQL on 127.0.0.1:5432, until Ctrl-C (PORT=N for another port)
	@exec $(PYTHON) infra/postgres/up $(or $(PORT),5432)

demo: .venv/runtime ## show broker, service and a consumer at work, until Ctrl-C
	@exec .venv/bin/python examples/demo.py

proof: .venv/dev ## run the long tests and write their report, docs/proof.md
	@.venv/bin/pytest -m proof --proof-report=docs/proof.md

bench: .venv/bench ## measure the service beside its peers and write docs/benchmarks.md (PostgreSQL; 20 minutes)
	@.venv/bin/python -m benchmarks.run $(ARGS)

bench-kafka: .venv/bench ## measure the relay and write docs/benchmarks-kafka.md (5 minutes)
	@.venv/bin/python -m benchmarks.kafka $(ARGS)

constraints: ## pin the newest version of everything anew
	@fresh=$$(mktemp -d) && trap 'rm -r "$$fresh"' EXIT && $(PYTHON) -m venv "$$fresh" \
		&& "$$fresh/bin/pip" install --quiet --upgrade pip \
		&& "$$fresh/bin/pip" install --quiet --editable . --group dev --group bench hatchling \
		&& { sed -n '/^#/p' constraints.txt; "$$fresh/bin/pip" freeze --all --exclude-editable --exclude setuptools; } \
			> "$$fresh/constraints.txt" && cp "$$fresh/constraints.txt" constraints.txt

clean: ## remove .venv and everything else that was made here, but no data
	rm -rf .venv build dist .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -r {} +

.venv/pip:
	@echo 'Making .venv with $(PYTHON) ...'
	@$(PYTHON) -m venv .venv
	@$(INSTALL) pip
	@touch $@

.venv/runtime: pyproject.toml constraints.txt | .venv/pip
	@echo 'Installing the service in .venv ...'
	@$(INSTALL) --build-constraint constraints.txt --editable .
	@touch $@

.venv/dev: .venv/runtime clients/python/pyproject.toml
	@echo 'Installing the tools for tests and checks in .venv ...'
	@$(INSTALL) --build-constraint constraints.txt --group dev --editable clients/python
	@touch $@

.venv/bench: .venv/runtime
	@echo 'Installing what measuring needs in .venv ...'
	@$(INSTALL) --group bench
	@touch $@
