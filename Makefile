# make talk               ask a question and hear the answer (TEXT="…" for another)
# make test               run the tests that need no loudspeaker, browser, broker or minutes: tests/self_contained.py
# make test-all           run every test
# make check              format, lint, types, tests
# make docs               make the site of the documents in build/docs, every link checked
# make page-tools         install what checks the page of the server: make check then does, where npm is
# make messages           take the messages out of the source, compile the Japanese ones
# make constraints        pin the newest versions of everything we depend on

PYTHON ?= python3
VENV ?= .venv
TEXT ?= What can you do?
export TEXT
# Set in many containers: each worker and each command that a test starts would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE
# How many there are, what comes first and what must stay together: see tests/conftest.py.
SIDE_BY_SIDE ?= --numprocesses auto --dist loadgroup

PAGE_TOOLS = tests/server/page/node_modules

.PHONY: talk test test-all check docs messages constraints format page-tools clean

talk: $(VENV)/.installed
	@"$(VENV)/bin/voicebot" ask "$$TEXT"

test: $(VENV)/.installed-test
	"$(VENV)/bin/python" -m pytest $(SIDE_BY_SIDE) --self-contained

test-all: $(VENV)/.installed-test
	"$(VENV)/bin/python" -m pytest $(SIDE_BY_SIDE)

check: $(VENV)/.installed-test
	"$(VENV)/bin/ruff" format --check .
	"$(VENV)/bin/ruff" check .
	"$(VENV)/bin/mypy"
	"$(VENV)/bin/python" -m pytest $(SIDE_BY_SIDE)

# -n -W: a link or an anchor that leads nowhere ends it
docs: $(VENV)/.installed-test
	rm -rf build/docs
	"$(VENV)/bin/python" -m sphinx -q -n -W --keep-going -b html -c docs/site docs build/docs/en
	"$(VENV)/bin/python" -m sphinx -q -n -W --keep-going -b html -t ja -c docs/site docs build/docs/ja
	cp docs/site/index.html build/docs/index.html
	"$(VENV)/bin/python" -m tools.check_site build/docs

format: $(VENV)/.installed-test
	"$(VENV)/bin/ruff" format .
	"$(VENV)/bin/ruff" check --fix .

page-tools: $(PAGE_TOOLS)/.package-lock.json

# both are pinned, and need nothing but their own binaries
$(PAGE_TOOLS)/.package-lock.json: tests/server/page/package.json
	npm install --prefix tests/server/page --no-package-lock --no-audit --no-fund --silent

messages: $(VENV)/.installed-test
	"$(VENV)/bin/python" -m tests.catalogue

$(VENV)/.venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "voicebot needs Python 3.11 or newer: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "making $(VENV) and installing voicebot (once; a minute or so)"
	@$(PYTHON) -m venv "$(VENV)"
	@touch $@

$(VENV)/.installed: $(VENV)/.venv pyproject.toml constraints.txt
	@"$(VENV)/bin/pip" install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.venv pyproject.toml constraints.txt
	@"$(VENV)/bin/pip" install --quiet --disable-pip-version-check -c constraints.txt -e ".[all,docs,test]"
	@touch $@ "$(VENV)/.installed"

constraints:
	rm -rf "$(VENV)-fresh"
	$(PYTHON) -m venv "$(VENV)-fresh"
	"$(VENV)-fresh/bin/pip" install --quiet --disable-pip-version-check -e ".[all,docs,test]"
	{ echo "# Every dependency by version; refreshed by: make constraints"; \
	  "$(VENV)-fresh/bin/pip" list --format=freeze --exclude-editable --exclude pip --exclude setuptools; } > constraints.txt
	rm -rf "$(VENV)-fresh"

clean:
	rm -rf "$(VENV)" dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
