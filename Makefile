# The book, its tests and its tools. `make` alone lists what can be made.

PYTHON ?= python3 python3.13 python3.12 python3.11
PORT ?= 8000
TIMED := moving_mnist ctt_algorithms ctt_hybrid conv_tt_lstm_step scale_and_time ms_lstm_step joint_filter_ways
LABS ?= $(wildcard notebooks/*.ipynb notebooks/exercises/*.ipynb)

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
NBVAL := --nbval --nbval-sanitize-with tests/sanitize.cfg -n 2 --dist loadfile

SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help book serve test test-gpu lint unit smoke labs browser lab figures student bench clean

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export JUPYTER_PLATFORM_DIRS := 1

help:  ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-8s  %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# Made once, and again when a requirement changes.
$(READY): pyproject.toml constraints.txt
	@if [ ! -x $(BIN)/python ]; then \
	    for python in $(PYTHON); do \
	        if $$python -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2> /dev/null; \
	        then found=$$python; break; fi; \
	    done; \
	    if [ -z "$$found" ]; then \
	        echo "No Python 3.11, 3.12 or 3.13 with venv among: $(PYTHON)."; \
	        echo "Install one (Debian: apt install python3-venv), or say where: make book PYTHON=/path/to/python3.11"; \
	        exit 1; \
	    fi; \
	    echo "Creating $(VENV) with $$($$found --version)"; \
	    $$found -m venv $(VENV); \
	fi
	@echo "Installing the tested versions (constraints.txt) into $(VENV)"
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[all]'
	@touch $@

# A failed build forgets what it read: Sphinx would not repeat the warnings of pages it has read.
book: $(READY)  ## build the book, warnings as errors
	@$(BIN)/jupyter-book build . -q -W -n --keep-going || { rm -rf _build/.doctrees; exit 1; }
	@$(BIN)/python -m scripts.built_pages _build/html
	@echo "Open _build/html/index.html, or type: make serve"

serve: book  ## build the book and serve it on 127.0.0.1
	@echo "http://127.0.0.1:$(PORT)"
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

test: lint unit smoke labs browser  ## everything: lint, unit, recipes, labs, book, browser
	@echo "All tests passed."

test-gpu: export STLIB_FACE := page
test-gpu: $(READY)  ## run every notebook where there is a GPU, and report it in build/gpu/report.md
	$(BIN)/pytest -q -rs tests/gpu
	@$(BIN)/python -m scripts.gpu_report build/gpu/report.md $(LABS)

lint: $(READY)  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

unit: export OMP_NUM_THREADS := 1
# The same examples in every run; pytest by itself draws others each time, to find what these miss.
unit: $(READY)  ## unit and contract tests
	$(BIN)/pytest -q -n 2 --hypothesis-profile ci --ignore tests/browser --ignore tests/labs --ignore tests/smoke

smoke: export OMP_NUM_THREADS := 1
smoke: $(READY)  ## every kind of recipe, from data to reload, at smoke scale; the others one step
	$(BIN)/pytest -q -n 2 tests/smoke

labs: export STLIB_FACE := page
labs: $(READY)  ## run every notebook again and compare, under one thread and under two; move its controls
	OMP_NUM_THREADS=1 $(BIN)/pytest -q $(NBVAL) $(LABS)
	OMP_NUM_THREADS=2 OMP_WAIT_POLICY=PASSIVE $(BIN)/pytest -q $(NBVAL) $(LABS)
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n 2 tests/labs

browser: book  ## look at the built pages in Chromium
	$(BIN)/pytest -q -rs -n 2 --dist loadgroup tests/browser

lab: $(READY)  ## JupyterLab with the package and the notebooks
	$(BIN)/jupyter lab notebooks

figures: export STLIB_FACE := page
figures: $(READY)  ## execute every notebook in place (some: make figures LABS=notebooks/10_*.ipynb)
	@$(BIN)/python -m scripts.execute $(LABS)

student: $(READY)  ## the exercise sheets without their solutions, into build/student
	@$(BIN)/python -m stlib.exercises.student notebooks/exercises build/student
	@ls build/student/*.ipynb

# The others of benchmarks/ train, or read trained networks; each says how it is called.
bench: $(READY)  ## measure times on this machine, into build/bench
	@for name in $(TIMED); do $(BIN)/python -m benchmarks.$$name || exit 1; done

clean:  ## remove what was built; the environment stays
	rm -rf _build build
