// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// An open file, closed when this value goes.
struct FileDescriptor: ~Copyable {
    let number: Int32
    let path: String

    /// Opens `path`; `operation` is the verb of the error.
    static func open(
        _ path: String,
        flags: Int32,
        mode: mode_t = 0o666,
        operation: String
    ) throws(SystemError) -> FileDescriptor {
        while true {
            let number = unsafe Glibc.open(path, flags | O_CLOEXEC, mode)
            if number >= 0 { return FileDescriptor(number: number, path: path) }
            guard errno == EINTR else { throw .file(operation: operation, path: path, errorNumber: errno) }
        }
    }

    private init(number: Int32, path: String) {
        self.number = number
        self.path = path
    }

    deinit {
        close(number)
    }

    /// What the system knows about the file.
    func information() throws(SystemError) -> stat {
        var information = stat()
        guard unsafe fstat(number, &information) == 0 else {
            throw .file(operation: "inspect", path: path, errorNumber: errno)
        }
        return information
    }

    /// Reads up to `buffer.count` bytes; zero at the end.
    func read(into buffer: inout [UInt8]) throws(SystemError) -> Int {
        while true {
            let byteCount = buffer.count
            let result = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(number, $0.baseAddress, byteCount) }
            if result >= 0 { return result }
            guard errno == EINTR else { throw .file(operation: "read", path: path, errorNumber: errno) }
        }
    }

    /// Writes all bytes.
    func writeAll(_ bytes: RawSpan) throws(SystemError) {
        var written = 0
        while written < bytes.byteCount {
            let rest = bytes.extracting(written..<bytes.byteCount)
            let result = unsafe rest.withUnsafeBytes { unsafe Glibc.write(number, $0.baseAddress, $0.count) }
            if result >= 0 {
                written += result
            } else if errno != EINTR {
                throw .file(operation: "write", path: path, errorNumber: errno)
            }
        }
    }
}
