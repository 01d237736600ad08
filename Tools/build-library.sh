#!/usr/bin/env bash
# Builds libalula.so, the C interface with the Swift runtime linked in, and libcudart.so over it: build-library.sh [FOLDER].
#
# libalula.so exports alula_* alone and needs nothing but the C and C++ libraries; both are checked.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:-Bindings/Python/alula/lib}
mkdir -p "$folder"

# SwiftPM compiles, into the folder that the command line tool is built in, and says which objects make the library. It cannot
# link the Swift runtime into one; the compiler can.
swift build -c release --product AlulaC
release=.build/release
echo '{ global: alula_*; local: *; };' >"$release/exports.map"
swiftc -emit-library -static-stdlib -use-ld=lld "@$release/AlulaC.product/Objects.LinkFileList" -o "$folder/libalula.so" \
    -Xlinker -soname=libalula.so -Xlinker --version-script="$release/exports.map" -Xlinker --gc-sections -Xlinker -s \
    -Xlinker -z -Xlinker nodelete # Its threads outlive any dlclose.

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
