# make train: set up, train the digits on real images, show the result.
# make test:  set up, lint, type-check, run every test.
# make paper: the paper's figures and Table 1 on digits.
# make docs:  the documentation as a site, in site/.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The documentation's tools stand apart, for nothing else needs them.
DOCS ?= .venv-docs

# The paper's figures and Table 1, on digits.
PAPER := runs/paper
FEW := --config=configs/digits_few.py
SWEEP = $(BIN)/python sweep.py --launcher=together --workers=2

.PHONY: train test paper docs format clean

train: $(VENV)/installed
	$(BIN)/python train.py --config=configs/digits.py:dropblock --workdir=runs/digits

test: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile

paper: $(VENV)/installed
	$(SWEEP) $(FEW):table1 --workdir=$(PAPER)/table1
	$(SWEEP) $(FEW):figure3 --workdir=$(PAPER)/figure3
	$(SWEEP) $(FEW):figure4 --workdir=$(PAPER)/figure4
	$(SWEEP) $(FEW):networks --workdir=$(PAPER)/networks
	ls -d $(PAPER)/networks/name=* | xargs -P 2 -I RUN $(BIN)/python eval.py \
		--workdir=RUN --cam=10 --inference_keep_prob=1,0.9,0.8,0.7,0.6,0.5 \
		--inference_block_size=1,3
	$(BIN)/python -m analysis table1 $(PAPER)/table1
	$(BIN)/python -m analysis figure3 $(PAPER)/figure3
	$(BIN)/python -m analysis figure4 $(PAPER)/figure4
	$(BIN)/python -m analysis figure5 $(PAPER)/networks
	$(BIN)/python -m analysis figure6 $(PAPER)/networks

# Whatever is odd fails: a page or an anchor that a link does not find, a name without a docstring.
docs: $(DOCS)/installed
	$(DOCS)/bin/mkdocs build --strict --quiet
	@echo "site/index.html"

format: $(VENV)/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(DOCS)/installed: requirements-docs.txt
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-docs.txt
	touch $@

clean:
	rm -rf $(VENV) $(DOCS) site dist runs .pytest_cache .ruff_cache .mypy_cache
