// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Wakes event loops that wait for file descriptors.
package enum WakeupFile {
    /// Writes the eight bytes of the number 1, what an eventfd counts and a pipe passes on. A full pipe wakes its reader
    /// anyway, and a closed one has no reader, so errors are ignored.
    package static func signal(_ descriptor: Int32) {
        var one: UInt64 = 1
        while unsafe write(descriptor, &one, MemoryLayout<UInt64>.size) < 0, errno == EINTR {}
    }
}
