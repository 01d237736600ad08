# Alula. `make demo` runs the main job, `make test` runs every test.
.PHONY: demo test build venv conformance thread-sanitizer library python wheel lint docs clean

SWIFT ?= swift
VENV := .venv
PYTHON := $(VENV)/bin/python
ONNX_DATA = $(shell $(PYTHON) -c "import os, onnx.backend.test as t; print(os.path.join(os.path.dirname(t.__file__), 'data'))")

demo: build
	.build/release/alula bench --experiments
	.build/release/alula detect --frames 3 --score 0.3 --html .build/street.html --timing

build:
	@Tools/check-toolchain.sh build
	$(SWIFT) build -c release --product alula

# Test data and the oracle come from PyPI, into a virtual environment inside the checkout.
venv: $(VENV)/.installed

$(VENV)/.installed: Tools/requirements.txt
	@Tools/check-toolchain.sh test
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement Tools/requirements.txt
	touch $@

test: build venv
	ALULA_ONNX_DATA="$(ONNX_DATA)" $(SWIFT) test --parallel
	$(MAKE) conformance
	$(MAKE) python
	$(MAKE) thread-sanitizer

# ONNX's own cases, through the scalar references and through the whole engine path at each instruction set.
conformance: build venv
	.build/release/alula conformance "$(ONNX_DATA)" --level reference
	for isa in avx512 avx2 none; do \
	    ALULA_MAX_ISA=$$isa .build/release/alula conformance "$(ONNX_DATA)" --level engine || exit 1; \
	done

# Streams, events and execution contexts under thread sanitizer.
thread-sanitizer:
	$(SWIFT) test --sanitize=thread --build-path .build-tsan --filter 'AlulaRuntimeTests|AlulaSystemTests'

# libalula.so for C and Python, and libcudart.so for programs that load CUDA's runtime by name.
library:
	Tools/build-library.sh

# The Python package against the library, with the C example.
python: library venv
	$(PYTHON) -m pytest -q Bindings/Python/tests

# One file to install: Bindings/Python/dist/alula-*.whl
wheel: venv
	PYTHON=$(PYTHON) Tools/build-wheel.sh

lint:
	$(SWIFT) format lint --strict --recursive Sources Tests Package.swift
	Tools/check-imports.sh
	Tools/check-unsafe.sh

clean:
	rm -rf .build .build-tsan $(VENV)
