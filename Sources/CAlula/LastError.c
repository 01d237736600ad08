// SPDX-License-Identifier: Apache-2.0
// The last error of each thread: C has the thread-local storage that Swift lacks.
#include "alula.h"
#include "alula_last_error.h"

#include <string.h>

static _Thread_local alula_status lastStatus;
static _Thread_local char lastText[4096];

void alula_set_last_error(int32_t status, const char *text) {
    size_t length = strlen(text);
    if (length >= sizeof lastText) {
        length = sizeof lastText - 1;
        // Bytes 10xxxxxx continue a character of UTF-8.
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) length--;
    }
    memcpy(lastText, text, length);
    lastText[length] = 0;
    lastStatus = status;
}

const char *alula_last_error(void) { return lastText; }

alula_status alula_last_status(void) { return lastStatus; }

const char *alula_status_name(alula_status status) {
    static const char *const names[] = {
        "success",           "unspecified",    "internal error",      "invalid argument",     "invalid config",
        "failed allocation", "failed initialization", "failed execution", "failed computation", "invalid state",
        "unsupported state", "not ready",      "not permitted",       "cancelled",
    };
    return status >= 0 && status < (alula_status)(sizeof names / sizeof *names) ? names[status] : "unknown status";
}
