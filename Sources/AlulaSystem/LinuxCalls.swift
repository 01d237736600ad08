// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Calls that Swift's `Glibc` does not import (variadic or GNU extensions), looked up once by name.
///
/// On x86-64 and arm64 a variadic call with integer arguments only is an ordinary call.
enum LinuxCalls {
    private typealias SystemCall =
        @convention(c) (Int, UnsafeMutableRawPointer, Int, Int, UnsafeRawPointer?, UnsafeRawPointer?, Int) -> Int
    private typealias SetName = @convention(c) (pthread_t, UnsafePointer<CChar>) -> Int32

    private static let systemCall: SystemCall = unsafe unsafeBitCast(symbol("syscall"), to: SystemCall.self)
    private static let setName: SetName = unsafe unsafeBitCast(symbol("pthread_setname_np"), to: SetName.self)

    private static func symbol(_ name: String) -> UnsafeMutableRawPointer {
        guard let symbol = unsafe dlsym(nil, name) else { preconditionFailure("the C library has no \(name)") }
        return unsafe symbol
    }

    #if arch(x86_64)
    private static let futexNumber = 202
    #elseif arch(arm64)
    private static let futexNumber = 98
    #else
    #error("the number of the futex call on this architecture is not known")
    #endif

    private static let waitPrivate = 0 | 128  // FUTEX_WAIT | FUTEX_PRIVATE_FLAG
    private static let wakePrivate = 1 | 128  // FUTEX_WAKE | FUTEX_PRIVATE_FLAG

    /// Sleeps while the word is `expected`; may return early.
    static func futexWait(_ word: UnsafeMutableRawPointer, while expected: UInt32) {
        _ = unsafe systemCall(futexNumber, word, waitPrivate, Int(expected), nil, nil, 0)
    }

    /// Wakes everybody who sleeps on the word.
    static func futexWakeAll(_ word: UnsafeMutableRawPointer) {
        _ = unsafe systemCall(futexNumber, word, wakePrivate, Int(Int32.max), nil, nil, 0)
    }

    /// Names the calling thread; the system keeps 15 bytes.
    static func nameCurrentThread(_ name: String) {
        let shortened = String(decoding: name.utf8.prefix(15), as: UTF8.self)
        _ = unsafe shortened.withCString { unsafe setName(pthread_self(), $0) }
    }
}
