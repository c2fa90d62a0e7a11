# Two commands matter: `make search` (a first study, from nothing to a report) and `make test`.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# TORCH=cpu takes the CPU build, where your package index or PIP_FIND_LINKS offers one.
TORCH ?=
TORCH_VERSION := 2.13.0

.PHONY: install search test test-full test-browser check audit format reference bench lock clean

install: $(STAMP)

$(STAMP): requirements.lock pyproject.toml $(wildcard dmd/kernels/*.[ch])
	$(PYTHON) -m venv $(VENV)
ifeq ($(TORCH),cpu)
	$(BIN)/python -m pip install --quiet 'torch==$(TORCH_VERSION)+cpu'
endif
	$(BIN)/python -m pip install --quiet -r requirements.lock
	@# The build's own warnings are about setuptools; its errors are shown.
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@

search: install
	$(BIN)/dmd-search --space quickstart

# Files of tests are shared among two processes; what measures time runs afterwards with nothing beside it.
test: install
	$(BIN)/python -m pytest -n 2 --dist loadfile -m 'not long and not browser and not alone'
	$(BIN)/python -m pytest -m 'alone and not long and not browser'

test-full: install
	$(BIN)/python -m pytest -m 'not browser'

# Looks at report.html and at MLflow's pages of a small real study; pictures go to runs/screenshots.
test-browser: install
	@for program in chromium chromedriver; do \
	  command -v $$program > /dev/null || { echo "$$program is missing; on Debian: apt-get install chromium chromium-driver" >&2; exit 1; }; \
	done
	$(BIN)/python -m pytest -m browser tests/browser

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

# Known vulnerabilities of the installed packages; succeeds, and says so, where there is no network.
audit: install
	$(BIN)/python -m scripts.audit

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The JSON schema that editors read, and the tables of docs/spaces.md.
reference: install
	$(BIN)/python -m search_spaces.schema.json_schema > $(STAMP)-schema
	mv $(STAMP)-schema search_spaces/space.schema.json
	$(BIN)/python -m scripts.spaces_reference

bench: install
	$(BIN)/python -m benchmarks.step_time --quick

# Compiled from pyproject.toml; the local version of a CPU build of torch and index addresses stay out of the file.
lock: install
	$(BIN)/python -m scripts.lock

clean:
	rm -rf $(VENV) build *.egg-info
