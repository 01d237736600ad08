#!/usr/bin/env bash
# Imports and builds damaged ONNX files, loads and runs damaged plans, under a memory limit: fuzz.sh [COUNT] [FIRST SEED]; 20,000 files from seed 1 by default.
#
# With ALULA_ONNX_DATA set, ONNX's backend cases are among the models that are damaged.
set -euo pipefail
cd "$(dirname "$0")/.."

export ALULA_FUZZ_COUNT=${1:-20000} ALULA_FUZZ_SEED=${2:-1}
swift build --build-tests
ulimit -v $((8 * 1024 * 1024)) # KiB of address space; the test process itself takes about 1 GiB.
exec swift test --skip-build --filter 'AlulaONNXTests.FuzzTests|ConformanceTests.BuildFuzzTests|PlanFuzzTests'
