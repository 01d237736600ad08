// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The machine's monotonic clock, which never goes back.
package enum MonotonicClock {
    /// Nanoseconds since an arbitrary start; comparable between threads.
    package static func nowNanoseconds() -> UInt64 {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        return UInt64(now.tv_sec) &* 1_000_000_000 &+ UInt64(now.tv_nsec)
    }
}

extension timespec {
    /// A duration or point in time given in nanoseconds.
    init(nanoseconds: UInt64) {
        self.init(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    }
}
