# The README's two commands are `make bench` and `make test`; both set up .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FLOORS := .venv-floors
# Files of tests side by side, in up to four processes of one thread each: threads that share a core mostly wait.
PYTEST := -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

.PHONY: venv bench test faults test-floors lint docs clean

venv: $(VENV)/installed

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

bench: venv
	$(BIN)/gan-bench run --suite mnist,cifar10

test: lint
	OMP_NUM_THREADS=1 $(BIN)/python $(PYTEST)

# All faults that are injected: killed runs, full disks, damaged files. At most half an hour on two cores.
faults: venv
	OMP_NUM_THREADS=1 $(BIN)/python $(PYTEST) --dist load tests/faults -m ''

# The suite with exactly the lower bounds that pyproject.toml declares.
test-floors: $(FLOORS)/installed
	OMP_NUM_THREADS=1 $(FLOORS)/bin/python $(PYTEST)

$(FLOORS)/installed: pyproject.toml tests/floors.py
	$(PYTHON) -m venv $(FLOORS)
	$(PYTHON) tests/floors.py > $(FLOORS)/constraints.txt
	$(FLOORS)/bin/pip install --quiet --disable-pip-version-check --constraint $(FLOORS)/constraints.txt --editable '.[dev]'
	touch $@

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy benchmarks

# The reference for Python callers and authors of new members, in site/.
docs: venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[docs]'
	$(BIN)/python docs/build.py site

clean:
	rm -rf $(VENV) $(FLOORS) site build *.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
