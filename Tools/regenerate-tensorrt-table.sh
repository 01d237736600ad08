#!/usr/bin/env bash
# Writes the table of TensorRT's and CUDA's members into the chapter for TensorRT users, from the drop-in's list of them.
set -euo pipefail
cd "$(dirname "$0")/.."

python3 - <<'PYTHON'
import importlib.util
import pathlib

# The list alone: the package around it wants libalula.so.
place = pathlib.Path("Bindings/Python/alula/dropin/surface.py")
spec = importlib.util.spec_from_file_location("surface", place)
surface = importlib.util.module_from_spec(spec)
spec.loader.exec_module(surface)

chapter = pathlib.Path("Sources/Alula/Alula.docc/15-ForTensorRTUsers.md")
text = chapter.read_text(encoding="utf-8")
start, end = "<!-- members: Tools/regenerate-tensorrt-table.sh -->\n", "<!-- end of members -->\n"
before, _, rest = text.partition(start)
_, _, after = rest.partition(end)
chapter.write_text(f"{before}{start}\n{surface.table()}\n{end}{after}", encoding="utf-8")
PYTHON
