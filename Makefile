# `make demo` and `make test` build .venv once: what requirements.txt pins by hash (for the tests requirements-dev.txt
# too), then the package itself. `make lock` writes all three files anew from pyproject.toml (requirements-scale.txt is what
# the extras need besides; the tests' file has the same), `make audit` asks for known vulnerabilities of what they pin.

VENV := .venv
BIN := $(VENV)/bin
# Two more than there are cores: the tests of `twizzit up` at home, with workers and in a cluster, each a worker's for
# minutes, mostly wait, and so does many another now and then. One more would cost ten seconds of a core by itself.
WORKERS = $(shell $(BIN)/python -c 'import os; print((os.cpu_count() or 2) + 2)')
# The tests start many a process, and each would compile the program anew where the environment says not to keep that.
KEPT := PYTHONDONTWRITEBYTECODE=
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
# All at once on every core, where pip compiles file after file; a package's own tests, a fifth of all, are never imported.
COMPILE := $(BIN)/python -m compileall -q -j 0 -x 'site-packages/.*/tests/' $(VENV)/lib twizzit_pipeline
# What each worker of xdist would else make for itself when the first tests begin: the modules of the tests as pytest
# rewrites them, and what hypothesis keeps of the package's constants and of characters.
PREPARE := $(KEPT) $(BIN)/pytest --collect-only --quiet; \
	$(BIN)/python -c 'from hypothesis.strategies import text; text().validate()'
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links pyproject.toml

# The first Python on the path that will do; name another with: make PYTHON=/path/to/python …
SUITABLE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))
PYTHON ?= $(shell for each in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$each -c '$(SUITABLE)' 2>/dev/null && echo $$each && break; done)

# Those of `make bench`, in their order; each prints JSON.
BENCHMARKS := run_cost definitions_load sensor_tick run_events long_history federation

.PHONY: demo test tests unit unit-one unit-other coverage lint fix docs servers bench lock audit clean

demo: $(VENV)/.runtime
	@$(BIN)/twizzit demo

# Both at once: mypy takes a minute of one core where it has no cache, in which what the tests import is compiled, and the
# tests now and then wait. What `lint` finds is shown at once, and `make lint` alone says it again.
test: $(VENV)/.installed
	@$(MAKE) --no-print-directory --jobs 2 lint tests

tests: $(VENV)/.dev
	$(KEPT) $(BIN)/pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder

# In two processes, each of which shows its own lines when it is done: with xdist they took half as long again, as every
# worker collects all the tests and reports each to a third process.
unit: $(VENV)/.dev
	@$(MAKE) --no-print-directory --jobs 2 $(if $(filter output-sync,$(.FEATURES)),--output-sync) unit-one unit-other

# One loads Dagster and FastAPI, and parses the package's sources for all the tests that read them. The other has all the
# rest; both take equally long.
ONE := $(wildcard tests/unit/test_*.py) $(addprefix tests/unit/,accounts cli contracts credentials decisions deploy http_api \
	local notifications orchestration queries runs scheduling settings storage twizzit/test_dialects.py undo words)
# No test here starts a process that could write beside Python or hang: watching for that takes half a millisecond of each.
QUICKLY = @$(KEPT) $(BIN)/pytest --quiet --hypothesis-profile=quick --capture=sys --timeout=0 $(if $(MAKE_TERMOUT),--color=yes)
unit-one:
	$(QUICKLY) $(ONE)
unit-other:
	$(QUICKLY) tests/unit $(addprefix --ignore=,$(ONE))

# Slower than `make test`, and the same tests; or some: make coverage TESTS="tests/unit tests/integration/sync" FLOOR=0
TESTS :=
FLOOR :=
coverage: $(VENV)/.dev
	@rm -rf .coverage && mkdir .coverage
	$(KEPT) $(BIN)/coverage run -m pytest $(TESTS) -n $(WORKERS) --dist loadgroup \
		--no-loadscope-reorder
	@$(BIN)/coverage combine --quiet && $(BIN)/coverage report $(if $(FLOOR),--fail-under=$(FLOOR))

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pytest --quiet tests/unit/test_plain_words.py
	$(BIN)/mypy

fix: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The examples of docs/http-api.md, taken from a running API.
docs: $(VENV)/.dev
	$(BIN)/python docs/http_api_examples.py

# The integration tests on a PostgreSQL that holds nothing else: make servers SERVER=postgresql://postgres@127.0.0.1/postgres
servers: $(VENV)/.dev
	@test -n "$(SERVER)" || { echo "Name a superuser's URL: make servers SERVER=postgresql://postgres@127.0.0.1/postgres"; exit 1; }
	$(KEPT) $(BIN)/pytest tests/integration --server "$(SERVER)" -n $(WORKERS) --dist loadgroup --no-loadscope-reorder

# What docs/performance.md says, measured here and now. With dlt beside it: make bench DLT=/path/to/python/with/dlt
# Whether each of them still works, on sizes of which no figure says anything: make bench QUICK=1
QUICK :=
WITH_run_cost := $(if $(QUICK),--runs 1,--runs 3) $(addprefix --dlt ,$(DLT))
WITH_definitions_load := $(if $(QUICK),--runs 1)
WITH_sensor_tick := $(if $(QUICK),--credentials 100 --ticks 1)
WITH_run_events := $(if $(QUICK),--runs 1)
WITH_long_history := $(if $(QUICK),--clubs 2 --syncs 100 --times 1)
WITH_federation := --made-up $(if $(QUICK),--contacts 500)
bench: $(VENV)/.dev
	@$(foreach each,$(BENCHMARKS),$(BIN)/python benchmarks/$(each).py $(WITH_$(each)) &&) true

# Keeps the versions that are pinned already; for a newer one: make lock UPGRADE='--upgrade-package NAME'
lock: $(VENV)/.dev
	$(LOCK) $(UPGRADE) --group build --output-file requirements.txt
	$(LOCK) $(UPGRADE) --constraint requirements.txt --all-extras \
		$$(sed -n 's/^\([a-z0-9.-]*\)==.*/--no-emit-package \1/p' requirements.txt) --output-file requirements-scale.txt
	$(LOCK) $(UPGRADE) --constraint requirements.txt --constraint requirements-scale.txt --all-extras \
		--group build --group dev --group audit --no-emit-package pip \
		$$(sed -n 's/^\([a-z0-9.-]*\)==.*/--no-emit-package \1/p' requirements.txt) --output-file requirements-dev.txt

audit: $(VENV)/.dev
	@$(BIN)/python .ci/audit.py $(BIN)/pip-audit requirements.txt requirements-scale.txt requirements-dev.txt

# A folder that was made by halves is taken away again, so that the next call starts anew.
$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 to 3.14 is needed, and none is on the path; install one, or name it:" \
		"make PYTHON=/path/to/python $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c '$(SUITABLE)' || { echo "$(PYTHON) is not Python 3.11 to 3.14; name one that is:" \
		"make PYTHON=/path/to/python $(MAKECMDGOALS)"; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version) …"
	@$(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) could not make $(VENV). On Debian and Ubuntu" \
		"that takes the package python3-venv (or python3.NN-venv); then call make again."; exit 1; }

$(VENV)/.packages: pyproject.toml requirements.txt | $(BIN)/python
	@echo "Installing what it needs into $(VENV) (once, a minute or so) …"
	@$(PIP) --require-hashes --no-deps --requirement requirements.txt \
		&& $(PIP) --no-build-isolation --no-deps --editable . \
		|| { echo "Installing failed; the lines above say why. Call make again when that is mended."; exit 1; }
	@touch $@

$(VENV)/.tools: requirements-dev.txt | $(BIN)/python
	@echo "Installing what the tests need …"
	@$(PIP) --require-hashes --no-deps --requirement requirements-dev.txt
	@touch $@

# Both at once: each pip takes one core. No package is in both files, and pip in none: neither replaces the other's.
$(VENV)/.installed: pyproject.toml requirements.txt requirements-dev.txt | $(BIN)/python
	@$(MAKE) --no-print-directory --jobs 2 $(VENV)/.packages $(VENV)/.tools
	@touch $@

# Else each process would compile anew what it imports, where the environment says not to keep that. A file that cannot be
# compiled is only slower, as it is with pip.
$(VENV)/.runtime: $(VENV)/.packages
	@$(COMPILE) || true
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	@$(COMPILE) || true
	@($(PREPARE)) >/dev/null 2>&1 || true
	@touch $(VENV)/.runtime $@

clean:
	rm -rf $(VENV)
