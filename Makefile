# `make run` asks; `make test` checks. Every target makes and updates the environment it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH := torch==2.13.0
# PyTorch's own index has builds without CUDA. It is tried once, for a few seconds.
TORCH_CPU_INDEX := https://download.pytorch.org/whl/cpu
# torch and what it brings along with CUDA.
APART := cuda-bindings cuda-pathfinder cuda-toolkit nvidia-cublas nvidia-cuda-cupti \
	nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cudnn-cu13 nvidia-cufft nvidia-cufile \
	nvidia-curand nvidia-cusolver nvidia-cusparse nvidia-cusparselt-cu13 nvidia-nccl-cu13 \
	nvidia-nvjitlink nvidia-nvshmem-cu13 nvidia-nvtx torch triton
CHROMIUM := /usr/bin/chromium
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: setup run test evals check format bench clean lock browser

setup: $(VENV)/.installed $(VENV)/.models

run: setup
	@$(BIN)/python app.py

test: setup check browser
	@$(BIN)/python -m pytest tests -m "not slow and not ollama" \
		--cov=index --cov=qa --cov-report=term:skip-covered --cov-fail-under=85

evals: setup
	@$(BIN)/python -m pytest evals

check: $(VENV)/.installed
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: $(VENV)/.installed
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: setup browser
	@$(BIN)/python -m pytest tests -m slow
	@$(BIN)/python -m evals.bench.latency --articles articles
	@$(BIN)/python -m evals.bench.cancel

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Needs uv. torch and what it brings are left out: they are installed apart, without CUDA.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --all-extras \
		--no-emit-index-url --no-annotate --no-header $(addprefix --no-emit-package ,$(APART)) \
		pyproject.toml -o requirements.lock

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Dateline needs Python 3.11 or newer; name one with: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing packages; the first time takes some minutes."
	@$(PIP) install --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -c 'import torch' 2>/dev/null \
		|| $(PIP) install --no-deps --timeout 4 --retries 0 --index-url $(TORCH_CPU_INDEX) $(TORCH) 2>/dev/null \
		|| $(PIP) install $(TORCH)
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.models: $(VENV)/.installed
	@$(BIN)/dateline models pull
	@touch $@

browser:
	@test -x $(CHROMIUM) || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the browser tests."; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else \
		echo "The browser tests need Chromium at $(CHROMIUM). Install it with: sudo apt-get install chromium" >&2; \
		exit 1; \
	fi
