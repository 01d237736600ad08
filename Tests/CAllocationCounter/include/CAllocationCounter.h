// SPDX-License-Identifier: Apache-2.0
#ifndef ALULA_ALLOCATION_COUNTER_H
#define ALULA_ALLOCATION_COUNTER_H

/// How many times the calling thread has asked for heap memory; -1 where calls cannot be counted (sanitizers have
/// allocators of their own).
long alula_thread_allocation_count(void);

#endif
