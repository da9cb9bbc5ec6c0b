# One verb a target. `make help` prints this list.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help demo test check format proof bench openapi requirements wheel clean

help: ## print this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

demo: $(VENV)/.demo ## start the gateway and four sandbox agencies, and print what to try
	@$(BIN)/threekeys demo $(ARGS)

test: $(VENV)/.dev ## format, lint, types, contracts, OpenAPI and all tests
	@PATH="$(CURDIR)/$(BIN):$$PATH" scripts/check
	@$(BIN)/python -m pytest $(or $(ARGS),-n 3 --dist loadfile --no-loadscope-reorder)

check: $(VENV)/.dev ## everything of `make test` but pytest
	@PATH="$(CURDIR)/$(BIN):$$PATH" scripts/check

format: $(VENV)/.dev ## rewrite the code in the house format
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

proof: $(VENV)/.dev ## races, kills and canaries in full counts, on both databases (needs chromium; THREEKEYS_SEED=n repeats)
	@THREEKEYS_COUNTS=full $(BIN)/python -m pytest -m proof $(ARGS)

bench: $(VENV)/.dev ## the exchange beside nginx, on both databases (needs nginx and wrk); ARGS=--help
	@$(BIN)/python -m tests.bench $(ARGS)

openapi: $(VENV)/.dev ## write openapi/threekeys.json from the code
	@$(BIN)/threekeys openapi > openapi/threekeys.json

requirements: $(VENV)/.dev ## pin and hash what pyproject.toml asks for
	@scripts/requirements

wheel: $(VENV)/.demo ## build the package to install elsewhere: dist/threekeys-…-py3-none-any.whl
	@$(BIN)/python -m hatchling build -t wheel

clean: ## remove the virtual environment and the demo's state
	@rm -rf $(VENV) var

$(VENV)/.demo: requirements-demo.txt pyproject.toml
	@scripts/install requirements-demo.txt $(VENV) $(PYTHON)
	@touch $@

$(VENV)/.dev: requirements-dev.txt pyproject.toml
	@scripts/install requirements-dev.txt $(VENV) $(PYTHON)
	@touch $@ $(VENV)/.demo
