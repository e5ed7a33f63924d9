# make demo                    the whole pipeline on 75 questions, then the dashboard
# make demo ARGS=--no-serve    the same, ending after the work
# make test                    all tests
.DEFAULT_GOAL := help
.PHONY: help demo test test-long faults audit test-diffusers lint \
	bench bench-requests bench-memory bench-dashboard bench-reading fuzz vulnerabilities docs reference lock clean

VENV := .venv
PYTHON := $(VENV)/bin/python
RUNTIME := $(VENV)/requirements.lock.installed
DEVELOPMENT := $(VENV)/requirements-dev.lock.installed
YARDSTICKS := $(VENV)/requirements-bench.lock.installed
ARGS ?=
SECONDS ?= 60
TARGETS ?=

help:
	@echo "make demo          make, film, score, push and show the standard 75 questions (ARGS=--no-serve: no dashboard)"
	@echo "make test          run all tests (ARGS='-k name' picks some)"
	@echo "make test-long     the tests that take too long for every day, in full"
	@echo "make faults        try every command under every kind of fault, and print what became of it; a quarter of an hour"
	@echo "make audit         audit the rule evaluator on 200 questions of each domain (ARGS='--domain chess')"
	@echo "make test-diffusers  run tiny diffusers pipelines; installs 6 GB of torch into .venv-diffusers"
	@echo "make lint          check style, types and the layers of the code"
	@echo "make bench         measure speed, as ratios (ARGS='create startup snapshots' picks some)"
	@echo "make bench-requests  count the requests of pushes and pulls"
	@echo "make bench-memory  measure the peak memory of making questions and of snapshots"
	@echo "make bench-dashboard  measure how fast the dashboard answers, from a thousand runs to a million"
	@echo "make bench-reading  measure how surely distorted frames are read (ARGS='--questions 100')"
	@echo "make fuzz          look for input that breaks a parser (SECONDS=60 for each target; TARGETS='tar manifest')"
	@echo "make vulnerabilities  ask an advisory service about the packages of all four locks; needs the network"
	@echo "make docs          build the documentation into docs/_build"
	@echo "make reference     write the pages of docs/reference anew, from the code"
	@echo "make lock          bring the lock files up to date with pyproject.toml"
	@echo "make clean         remove the environments, the demo and all caches"

demo: $(RUNTIME)
	@$(VENV)/bin/vmevalkit demo $(ARGS)

test: $(DEVELOPMENT)
	@sh scripts/browser.sh
	@$(PYTHON) -m pytest -n auto $(ARGS)

test-long: $(DEVELOPMENT)
	@sh scripts/browser.sh
	@VMEVAL_LONG=1 $(PYTHON) -m pytest -m long -s $(ARGS)

faults: $(DEVELOPMENT)
	@VMEVAL_LONG=1 $(PYTHON) -m pytest -q tests/faults $(ARGS)

test-diffusers: requirements-diffusers.lock
	@VMEVAL_VENV=.venv-diffusers sh scripts/environment.sh requirements-diffusers.lock
	@.venv-diffusers/bin/python -m pytest tests/models/test_diffusers.py tests/models/test_diffusers_settings.py $(ARGS)

audit: $(DEVELOPMENT)
	@$(VENV)/bin/vmevalkit audit --questions 200 $(ARGS)

lint: $(DEVELOPMENT)
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy
	@$(VENV)/bin/lint-imports --no-cache

bench: $(YARDSTICKS)
	@$(PYTHON) -m benchmarks $(ARGS)

bench-requests: $(YARDSTICKS)
	@$(PYTHON) -m benchmarks snapshot-requests $(ARGS)

bench-memory: $(DEVELOPMENT)
	@$(PYTHON) -m benchmarks memory
	@$(PYTHON) -m benchmarks snapshot-memory

bench-dashboard: $(DEVELOPMENT)
	@$(PYTHON) -m benchmarks dashboard
	@$(PYTHON) -m benchmarks dashboard-streaming

bench-reading: $(DEVELOPMENT)
	@$(PYTHON) -m benchmarks.reading $(ARGS)

fuzz: $(DEVELOPMENT)
	@$(PYTHON) -m fuzz --seconds $(SECONDS) $(TARGETS)

vulnerabilities: $(DEVELOPMENT)
	@$(PYTHON) -m pip_audit --require-hashes --disable-pip -r requirements.lock -r requirements-dev.lock \
		-r requirements-bench.lock -r requirements-diffusers.lock $(ARGS)

docs: reference
	@$(PYTHON) -m sphinx -W --keep-going -q -b html docs docs/_build
	@echo "docs/_build/index.html"

reference: $(DEVELOPMENT)
	@$(PYTHON) docs/_generate.py

lock: $(DEVELOPMENT)
	@sh scripts/lock.sh

clean:
	rm -rf $(VENV) .venv-diffusers demo dist docs/_build
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .fuzz data/__pycache__
	find vmevalkit tests benchmarks docs examples fuzz web -name __pycache__ -type d -prune -exec rm -rf {} +

# The development environment holds the whole of the other one.
$(RUNTIME): requirements.lock pyproject.toml
	@test $(DEVELOPMENT) -nt requirements-dev.lock && touch $@ || sh scripts/environment.sh requirements.lock

$(DEVELOPMENT): requirements-dev.lock pyproject.toml
	@sh scripts/environment.sh requirements-dev.lock

$(YARDSTICKS): requirements-bench.lock pyproject.toml
	@sh scripts/environment.sh requirements-bench.lock
