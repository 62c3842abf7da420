# `make demo` and `make test` are all the set-up there is. `make help` lists the rest.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DATA   := eval/datasets/lead_intent
TRAIN  := $(foreach part,train train_register train_mended train_voices,--data $(DATA)/$(part).jsonl)
PIP    := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test soak faults simulate check check-deploy gate format architecture sources pictures metrics mutate train train-questions train-slots clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(VENV)/installed: pyproject.toml constraints.txt
	@echo "installing into $(VENV) (a minute the first time)"
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable ".[serve]"
	touch $@

$(VENV)/trained: $(VENV)/installed
	@echo "adding torch and its kin to $(VENV) (a few minutes the first time)"
# torch by its exact version: a looser request may bring several GB of CUDA packages
	$(PIP) $(shell grep -i '^torch==' constraints.txt)
	$(PIP) --editable ".[train]"
	touch $@

$(VENV)/tested: $(VENV)/trained
	$(PIP) --editable ".[test,check]"
	touch $@

demo: $(VENV)/installed  ## replay the bundled sample through the whole pipeline, and show the leads
	$(BIN)/intent demo

test: $(VENV)/tested  ## run all tests
	$(BIN)/python -m pytest -n 2

soak: $(VENV)/tested  ## the tests that need minutes and hundreds of megabytes
	$(BIN)/python -m pytest -m soak

faults: $(VENV)/tested  ## inject every class of faults, the long forms too, and write docs/faults.md (hours)
	rm -f .faults.jsonl
	FAULT_RECORD=.faults.jsonl nice -n 10 $(BIN)/python -m pytest -m "fault and not simulate" --timeout 7200
	$(BIN)/python -m tests.faults_page .faults.jsonl

simulate: $(VENV)/tested  ## thousands of runs over rooms whose truth is known; prints the rates (half an hour; not in CI)
	nice -n 10 $(BIN)/python -m pytest -m simulate -rP

check: $(VENV)/tested  ## format, lint, types, import contracts, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2

check-deploy: $(VENV)/tested  ## lint the deployment files; needs systemd-analyze and promtool beside
	$(BIN)/python -m tests.deploy

gate: $(VENV)/tested  ## hold the local model against its blessed baseline; the tests do so too
	$(BIN)/python -m eval gate --suite eval/suites/local.yaml --offline

format: $(VENV)/tested  ## format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

architecture: $(VENV)/tested  ## write the tree of docs/architecture.md, after a module came or went
	$(BIN)/python -m tests.architecture

sources: $(VENV)/tested  ## write the kinds of docs/sources.md, after a source changed what it declares
	$(BIN)/python -m tests.sources_page

pictures: $(VENV)/tested  ## take the picture of the README anew, after pages changed; needs chromium and fonts
	$(BIN)/python docs/pictures/inbox.py

metrics: $(VENV)/tested  ## write the table of metrics of docs/operate.md, after one came or changed
	$(BIN)/python -m tests.metrics_page

mutate: $(VENV)/tested  ## break the code on purpose, many ways, and see that tests notice (half an hour; not in CI)
	$(BIN)/python -m tests.mutations

train: $(VENV)/trained  ## rebuild the model that ships from the repository's own data (an hour)
# the slope is measured on real text: see the model card, "Sure only when right"
	OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/intent train $(TRAIN) \
		--dev $(DATA)/dev.jsonl --slope 0.8 --out intent/models/lead_intent
	$(MAKE) train-questions train-slots

train-questions: $(VENV)/trained  ## fit the question types anew on the model that ships (two minutes)
	$(BIN)/python -m intent.training.questions --model intent/models/lead_intent --table $(DATA)/questions.tsv \
		$(TRAIN)

train-slots: $(VENV)/trained  ## fit what finds slots anew (a minute)
	OMP_NUM_THREADS=1 $(BIN)/python -m intent.training.slot_fitting --model intent/models/lead_intent --data $(DATA)/train.jsonl

clean:  ## remove what was installed and built
	rm -rf $(VENV) dist demo.db*
