// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A failed request to the operating system, with what was asked and what came back.
@nonexhaustive
public enum SystemError: Error, Equatable, Sendable {
    /// A file operation failed: what was tried, on which path, and the `errno` it ended with.
    case file(operation: String, path: String, errorNumber: Int32)
    /// A thread could not be started: its name and the error number of `pthread_create`.
    case threadNotStarted(name: String, errorNumber: Int32)
    /// Memory was refused: how much was asked for, and the most this process may use, in bytes.
    case outOfMemory(byteCount: Int, limitByteCount: Int)
    /// A count or size is outside what the call accepts.
    case invalidArgument(name: String, got: String, expected: String)
}

extension SystemError: CustomStringConvertible {
    /// What failed, where, what was got, what was expected.
    public var description: String {
        switch self {
        case .file(let operation, let path, let errorNumber):
            "cannot \(operation) '\(path)': \(errorText(errorNumber)) (errno \(errorNumber))"
        case .threadNotStarted(let name, let errorNumber):
            "cannot start thread '\(name)': \(errorText(errorNumber)) (error \(errorNumber))"
        case .outOfMemory(let byteCount, let limitByteCount):
            "cannot allocate memory: needed \(byteCount) bytes, this process may use \(limitByteCount) bytes"
        case .invalidArgument(let name, let got, let expected):
            "invalid \(name): got \(got), expected \(expected)"
        }
    }
}

/// The C library's text for an error number, for example "No such file or directory".
package func errorText(_ errorNumber: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 256)
    unsafe buffer.withUnsafeMutableBytes { bytes in
        guard let start = bytes.baseAddress else { return }
        _ = unsafe strerror_r(errorNumber, start.assumingMemoryBound(to: CChar.self), bytes.count)
    }
    return String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
}
