#!/usr/bin/env bash
# Lists every use of `unsafe` outside the places that may use it, and every unexplained `@unchecked Sendable`.
#
# Strict memory safety makes the compiler demand the keyword, so a search for it finds every unsafe use there is.
set -euo pipefail
cd "$(dirname "$0")/.."

# Where unsafe code may live: tensor storage, the system module, the code cache and its call thunk, the C interface.
allowed='^Sources/(AlulaTensor|AlulaSystem|AlulaCAPI)/|^Sources/AlulaJIT/(CodeCache|ExecutableKernel|CallThunk)[^/]*\.swift'
budget=10
status=0

uses=$(grep -rnE '(^|[^A-Za-z@])unsafe ' Sources --include='*.swift' | grep -vE '^[^:]+:[0-9]+: *//' | grep -vE "$allowed" || true)
if [ -n "$uses" ]; then
    echo "unsafe code outside its places:"
    echo "$uses"
    status=1
fi

count=0
while IFS=: read -r file line _; do
    count=$((count + 1))
    if ! sed -n "$((line > 3 ? line - 3 : 1)),$((line + 1))p" "$file" | grep -q 'Safety:'; then
        echo "$file:$line: @unchecked Sendable without a 'Safety:' comment beside it"
        status=1
    fi
done < <(grep -rn '@unchecked Sendable' Sources --include='*.swift' || true)
if [ "$count" -gt "$budget" ]; then
    echo "@unchecked Sendable: $count uses, budget $budget"
    status=1
fi
echo "check-unsafe: $count of $budget @unchecked Sendable, $(grep -c . <<<"$uses" || true) unsafe uses out of place"
exit $status
