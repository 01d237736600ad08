// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Runs `body` in a forked copy of the process and returns its exit status.
///
/// `fork` copies locks that other threads of the test process hold at that moment, so a child may hang in the language
/// runtime; an alarm ends it and another child tries.
func inForkedChild(_ body: () -> Int32) throws -> Int32 {
    guard let symbol = unsafe dlsym(nil, "fork") else {
        Issue.record("the C library has no fork")
        return -1
    }
    let fork = unsafe unsafeBitCast(symbol, to: (@convention(c) () -> pid_t).self)
    for _ in 0..<5 {
        let child = fork()
        if child == 0 {
            alarm(5)
            _exit(body())
        }
        var status: Int32 = 0
        #expect(unsafe waitpid(child, &status, 0) == child)
        let signal = status & 0x7f
        if signal != SIGALRM { return (status >> 8) & 0xff }
    }
    Issue.record("five children hung")
    return -1
}
