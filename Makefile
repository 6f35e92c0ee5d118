# make setup | demo | test | test-slow | check | docs | bench. Needs Python 3.11 or later (with venv and pip) and git; everything else goes into .venv.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# A person may choose: make setup PYTHON=python3.12
PYTHON ?=
PIP := .venv/bin/python -m pip -qq --disable-pip-version-check
INSTALLED := .venv/.installed
INSTALLED_FOR_DOCS := .venv/.installed-for-docs

.PHONY: help setup demo test test-slow check docs evidence evidence-small bench

help:
	@echo 'make setup   .venv with everything at the versions of constraints.txt'
	@echo 'make demo    set up, then train on real handwritten digits (no download) and say where the result is'
	@echo 'make test    set up, then run the tests'
	@echo 'make test-slow  set up, then the slow tests and two minutes of the hostile campaign (docs/reliability.md); 25 minutes are the limit'
	@echo 'make check   set up, then lint, format, types and the laws on structure'
	@echo 'make docs    set up, then build the site of docs/ and the API into build/site; a broken link or reference fails'
	@echo 'make bench   slow, on a machine that does nothing else: speed and cost; DEVICE=cuda for a GPU'
	@echo 'make evidence MNIST=DIR   slow: train on MNIST, measure, and write docs/results.md'
	@echo 'make evidence-small DATA=DIR   two minutes of each small sibling of a published recipe, and its picture'

setup: $(INSTALLED)

# The stamp stands inside .venv, so that removing .venv removes it too.
$(INSTALLED): pyproject.toml constraints.txt
	@python=''; \
	for candidate in $(if $(PYTHON),$(PYTHON),python3 python3.14 python3.13 python3.12 python3.11 python); do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			python="$$candidate"; break; \
		fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo 'make: no Python 3.11 or later among: $(if $(PYTHON),$(PYTHON),python3, python3.11 ... python3.14, python)' >&2; \
		echo 'make: install one, or name it: make setup PYTHON=/path/to/python3' >&2; \
		exit 1; \
	fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "make: $$python comes without venv or ensurepip; install them (on Debian and Ubuntu: python3-venv)" >&2; \
		exit 1; \
	fi; \
	echo "Setting up .venv with $$("$$python" --version) (once; PyTorch alone is a large download)"; \
	"$$python" -m venv .venv
	@# torch by itself first: the build that pip finds for this machine is taken, and the rest then settles around it.
	@$(PIP) install --constraint constraints.txt torch hatchling
	@$(PIP) install --constraint constraints.txt --no-build-isolation --editable '.[data,dev,features,video]'
	@touch $@

# Each demonstration gets a folder of its own: no run is ever overwritten.
demo: setup
	@.venv/bin/python -m saddlepoint train digits --out "runs/demo-$$(date +%Y%m%d-%H%M%S)-$$$$"

# Two workers of one thread each (tests/conftest.py): ten minutes on two cores are the limit.
test: setup
	@.venv/bin/python -m pytest -q -n 2 --dist worksteal

# The seed is fixed, so that a fault can be met again: --case KIND:INDEX. Half an hour of it: docs/reliability.md.
test-slow: setup
	@.venv/bin/python -m pytest -q -n 2 --dist worksteal -m slow
	@.venv/bin/python -m benchmarks.hostile --minutes 2 --seed 11

check: setup
	@.venv/bin/python -m ruff check .
	@.venv/bin/python -m ruff format --check .
	@.venv/bin/python -m pyright
	@.venv/bin/python -m pytest -q tests/laws/test_floors.py tests/laws/test_discovery.py tests/laws/test_style.py tests/laws/test_pages.py

# What the site alone needs is installed with the first site. mkdocs's theme warns of mkdocs 2, which is not this one.
$(INSTALLED_FOR_DOCS): $(INSTALLED)
	@$(PIP) install --constraint constraints.txt --no-build-isolation --editable '.[docs]'
	@touch $@

docs: setup $(INSTALLED_FOR_DOCS)
	@NO_MKDOCS_2_WARNING=1 .venv/bin/python -m mkdocs build --strict --quiet
	@echo 'build/site/index.html; its search needs a server: .venv/bin/python -m http.server --directory build/site'

# The folder with MNIST's four IDX files.
MNIST ?= data/mnist
TRAIN := .venv/bin/saddlepoint train

# Slow: digits and mnist at their own number of steps, and the net of 2014 for ten minutes. That one is stopped by a
# signal, which saves it; timeout then says 124.
evidence: setup
	$(TRAIN) digits --out runs/digits
	$(TRAIN) mnist --data $(MNIST) --out runs/mnist
	timeout --signal=INT 600 $(TRAIN) mnist-2014 --data $(MNIST) --out runs/mnist-2014 || test $$? -eq 124
	for run in digits mnist mnist-2014; do .venv/bin/saddlepoint evaluate runs/$$run --metrics parzen; done
	.venv/bin/python -m saddlepoint.report.results runs/digits runs/mnist runs/mnist-2014 --out docs/results.md

# The folder with all the data that `python -m benchmarks.small_recipes --help` names.
DATA ?= data

# Every small sibling of a published recipe for two minutes; then look at docs/pictures/*-small.png.
evidence-small: setup
	.venv/bin/python -m benchmarks.small_recipes --data $(DATA)
	.venv/bin/python -m saddlepoint.report.results --out docs/results.md

# BENCH passes options to the table alone: make bench BENCH='--only mlp-28 --seconds 2'
DEVICE ?= cpu
BENCH ?=

bench: setup
	.venv/bin/python -m benchmarks.training --device $(DEVICE) $(BENCH)
ifeq ($(BENCH),)
	.venv/bin/python -m benchmarks.profile --device $(DEVICE)
	.venv/bin/python -m benchmarks.scaling --device $(DEVICE)
ifeq ($(DEVICE),cpu)
	.venv/bin/python -m benchmarks.startup
endif
endif
