#!/usr/bin/env bash
# Builds libalula.so, the C interface with the Swift runtime linked in, and libcudart.so over it: build-library.sh [FOLDER].
#
# libalula.so exports alula_* alone and needs nothing but the C and C++ libraries; both are checked.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:-Bindings/Python/alula/lib}
scratch=.build-capi
mkdir -p "$folder" "$scratch"

exports=$PWD/$scratch/exports.map
echo '{ global: alula_*; local: *; };' >"$exports"
swift build -c release --product AlulaC --scratch-path "$scratch" -Xswiftc -static-stdlib -Xswiftc -use-ld=lld \
    -Xlinker -soname=libalula.so -Xlinker --version-script="$exports" -Xlinker --gc-sections -Xlinker -s
cp "$scratch/release/libAlulaC.so" "$folder/libalula.so"

# The compiler that came with Swift; no other is needed. What the library lacks must show here, not when it is loaded.
clang=$(dirname "$(readlink -f "$(command -v swift)")")/clang
"$clang" -O2 -Wall -Wextra -Werror -std=c11 -shared -fPIC -fvisibility=hidden -s -ISources/CAlula/include \
    Bindings/CUDARuntime/*.c -o "$folder/libcudart.so" -Wl,-soname,libcudart.so.12 -Wl,-z,defs \
    -L"$folder" -lalula "-Wl,-rpath,\$ORIGIN"

wrong=$(readelf -d "$folder/libalula.so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
    grep -vE '^(libc|libm|libstdc\+\+|libgcc_s|ld-linux-x86-64)\.so' || true)
if [ -n "$wrong" ]; then
    echo "libalula.so needs more than the C and C++ libraries: $wrong" >&2
    exit 1
fi
foreign=$(nm -D --defined-only "$folder/libalula.so" | awk '{ print $3 }' | grep -v '^alula_' || true)
if [ -n "$foreign" ]; then
    echo "libalula.so exports names of others: $foreign" >&2
    exit 1
fi
ls -l "$folder"/*.so
