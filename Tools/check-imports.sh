#!/usr/bin/env bash
# Compares every import in Sources/ with the module table in Package.swift, which SwiftPM itself does not enforce.
#
# Fails on: an import of a module the table does not name, an import without an access level, Glibc outside
# AlulaSystem, Foundation below the command line.
set -euo pipefail
cd "$(dirname "$0")/.."

swift package dump-package | python3 -c '
import json, pathlib, re, sys

package = json.load(sys.stdin)
allowed = {}
for target in package["targets"]:
    names = set()
    for dependency in target["dependencies"]:
        kind, value = next(iter(dependency.items()))
        names.add(value[0])
    allowed[target["name"]] = names

standard = {"Synchronization"}
system = {"Glibc", "Musl", "Darwin"}
above = {"AlulaCLI"}  # Foundation is allowed here only
pattern = re.compile(r"^\s*((?:@\w+(?:\([^)]*\))?\s+)*)(?:(public|package|internal|private|fileprivate)\s+)?import\s+(?:\w+\s+)?(\w+)")
problems = []
for path in sorted(pathlib.Path("Sources").rglob("*.swift")):
    module = path.parts[1]
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = pattern.match(line)
        if not match:
            continue
        access, name = match.group(2), match.group(3)
        place = f"{path}:{number}"
        if access is None:
            problems.append(f"{place}: import {name} does not spell its access level")
        if name in system:
            if module != "AlulaSystem":
                problems.append(f"{place}: {module} imports {name}; only AlulaSystem may")
        elif name.startswith("Foundation"):
            if module not in above:
                problems.append(f"{place}: {module} imports {name}; only {sorted(above)} may")
        elif name not in standard and name not in allowed.get(module, set()):
            problems.append(f"{place}: {module} imports {name}; the module table allows {sorted(allowed.get(module, []))}")
for problem in problems:
    print(problem)
print(f"check-imports: {len(problems)} problems in {len(allowed)} targets")
sys.exit(1 if problems else 0)
'
