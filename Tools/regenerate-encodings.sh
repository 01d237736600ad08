#!/bin/sh
# Regenerates Tests/AlulaX86Tests/Encodings/*.txt: `hex bytes | Intel-syntax text`, one row per case.
# The encoder's own enumeration prints the text; llvm-mc, an independent assembler, gives the bytes.
set -eu
cd "$(dirname "$0")/.."
assembler=${LLVM_MC:-llvm-mc}
features=+avx2,+fma,+f16c,+bmi,+bmi2,+lzcnt,+popcnt,+prfchw,+avxvnni
features=$features,+avx512f,+avx512bw,+avx512vl,+avx512dq,+avx512vnni,+avx512bf16
rows=$(mktemp -d)
trap 'rm -rf "$rows"' EXIT
ALULA_ENCODING_ROWS=$rows swift test --filter writeRowsForTheIndependentAssembler
for text in "$rows"/*.txt; do
    name=$(basename "$text")
    "$assembler" -triple=x86_64 -mattr="$features" -x86-asm-syntax=intel -show-encoding "$text" >"$rows/out"
    sed -n 's/.*# encoding: \[\(.*\)\].*/\1/p' "$rows/out" | sed 's/0x//g; s/,//g' >"$rows/bytes"
    if [ "$(wc -l <"$rows/bytes")" != "$(wc -l <"$text")" ]; then
        echo "$name: the assembler refused some rows" >&2
        exit 1
    fi
    {
        echo "# $("$assembler" --version | sed -n 's/.*\(LLVM version .*\)/\1/p'); Tools/regenerate-encodings.sh"
        paste -d '|' "$rows/bytes" "$text" | sed 's/|/ | /'
    } >"Tests/AlulaX86Tests/Encodings/$name"
done
wc -l Tests/AlulaX86Tests/Encodings/*.txt
