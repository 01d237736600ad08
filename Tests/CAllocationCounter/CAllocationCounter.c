// SPDX-License-Identifier: Apache-2.0

// Counts heap allocations a thread, by standing in front of glibc's allocator in the test executable. For tests only: no
// product links this target.
#include "CAllocationCounter.h"

#include <errno.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define ALULA_HAS_OTHER_ALLOCATOR 1
#endif
#endif

#if !defined(__GLIBC__) || defined(ALULA_HAS_OTHER_ALLOCATOR)

long alula_thread_allocation_count(void) { return -1; }

#else

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

// Initial-exec: the first access must not allocate.
static __thread long count __attribute__((tls_model("initial-exec")));

long alula_thread_allocation_count(void) { return count; }

void *malloc(size_t byteCount) {
    count += 1;
    return __libc_malloc(byteCount);
}

void *calloc(size_t elementCount, size_t byteCount) {
    count += 1;
    return __libc_calloc(elementCount, byteCount);
}

void *realloc(void *memory, size_t byteCount) {
    count += 1;
    return __libc_realloc(memory, byteCount);
}

void *memalign(size_t alignment, size_t byteCount) {
    count += 1;
    return __libc_memalign(alignment, byteCount);
}

void *aligned_alloc(size_t alignment, size_t byteCount) {
    count += 1;
    return __libc_memalign(alignment, byteCount);
}

int posix_memalign(void **memory, size_t alignment, size_t byteCount) {
    count += 1;
    void *allocated = __libc_memalign(alignment, byteCount);
    if (allocated == NULL && byteCount > 0) return ENOMEM;
    *memory = allocated;
    return 0;
}

#endif
