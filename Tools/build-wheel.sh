#!/usr/bin/env bash
# Builds the libraries and packs them with the Python package into a wheel: build-wheel.sh [FOLDER].
#
# PYTHON names the interpreter that packs it; it needs pip and setuptools. The wheel itself is for every Python 3.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:-Bindings/Python/dist}
Tools/build-library.sh
"${PYTHON:-python3}" -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation \
    --wheel-dir "$folder" Bindings/Python
ls -l "$folder"/*.whl
