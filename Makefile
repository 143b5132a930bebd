# Set-up, a pilot session, tests and figures. Each target does all the set-up that it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A private virtual screen, unless SCREEN=1 asks for the real one (the pilot moves the pointer).
ON_SCREEN := $(if $(SCREEN),,$(BIN)/python -m rig.virtual_screen)
TRIALS ?= 24

.PHONY: pilot test test-parallel test-alone bench lint lock setup packages

pilot: setup
	$(ON_SCREEN) $(BIN)/twinrig pilot skittles --trials $(TRIALS)

test: setup
	$(BIN)/python -m pytest -m "not alone" -n 3 --dist loadfile --no-loadscope-reorder
	$(BIN)/python -m pytest -m alone

bench: setup
	$(BIN)/python -m benchmarks

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

lock: setup
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --no-header --annotation-style line --fork-strategy fewest --python-version 3.11 \
		--extra dev pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --no-header --annotation-style line --fork-strategy fewest --python-version 3.11 \
		--constraint requirements.lock --extra agents pyproject.toml -o requirements-agents.lock

setup: packages $(VENV)/installed

$(VENV)/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] not in [(3, 11), (3, 12)])' \
		|| { echo "twinrig needs Python 3.11 or 3.12; name one: make PYTHON=python3.12 ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --editable .
	touch $@

packages:
	@sh .ci/packages
