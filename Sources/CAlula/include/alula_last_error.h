// SPDX-License-Identifier: Apache-2.0
// Private to the library: how its Swift side sets what alula_last_error() returns. Not installed.
#ifndef ALULA_LAST_ERROR_H
#define ALULA_LAST_ERROR_H

#include <stdint.h>

/// Keeps status and text for the calling thread; longer texts are cut at a character boundary.
void alula_set_last_error(int32_t status, const char *text);

#endif
