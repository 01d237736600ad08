// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// Runs `body` in a forked copy of the process and returns its exit status.
func inForkedChild(_ body: () -> Int32) throws -> Int32 {
    guard let symbol = unsafe dlsym(nil, "fork") else {
        Issue.record("the C library has no fork")
        return -1
    }
    let fork = unsafe unsafeBitCast(symbol, to: (@convention(c) () -> pid_t).self)
    let child = fork()
    if child == 0 { _exit(body()) }
    var status: Int32 = 0
    #expect(unsafe waitpid(child, &status, 0) == child)
    return (status >> 8) & 0xff
}
