#!/usr/bin/env bash
# Checks for what building and testing need, and says how to get what is missing.
set -euo pipefail

missing=0
if ! command -v swift >/dev/null 2>&1; then
    echo "error: swift is not on PATH. Install Swift 6.3 or newer from https://www.swift.org/install and retry." >&2
    missing=1
else
    version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+)\.([0-9]+).*/\1 \2/p' | head -1)
    read -r major minor <<<"${version:-0 0}"
    if [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 3 ]; }; then
        echo "error: found Swift $major.$minor, need 6.3 or newer: https://www.swift.org/install" >&2
        missing=1
    fi
fi
if [ "${1:-}" = "test" ] && ! python3 -c 'import venv, ensurepip' >/dev/null 2>&1; then
    echo "error: python3 with venv is needed for the reference test data: apt-get install python3-venv" >&2
    missing=1
fi
exit $missing
