// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Synchronization

/// Whole files by path.
package enum Files {
    /// Reads a whole file, also one without a known size such as those under `/proc`.
    /// - Throws: ``SystemError/file(operation:path:errorNumber:)``.
    package static func read(_ path: String) throws(SystemError) -> [UInt8] {
        let descriptor = try FileDescriptor.open(path, flags: O_RDONLY, operation: "open")
        let expectedByteCount = Int(try descriptor.information().st_size)
        var contents: [UInt8] = []
        contents.reserveCapacity(expectedByteCount)
        var buffer = [UInt8](repeating: 0, count: max(4096, min(expectedByteCount, 1 << 20)))
        while true {
            let byteCount = try descriptor.read(into: &buffer)
            if byteCount == 0 { return contents }
            contents.append(contentsOf: buffer[..<byteCount])
        }
    }

    /// Reads a whole text file as UTF-8; broken sequences become replacement characters.
    /// - Throws: ``SystemError/file(operation:path:errorNumber:)``.
    package static func readText(_ path: String) throws(SystemError) -> String {
        String(decoding: try read(path), as: UTF8.self)
    }

    /// Writes a whole file. On failure nothing is left behind and a file that was there before is untouched.
    /// - Throws: ``SystemError/file(operation:path:errorNumber:)`` with the path asked for.
    package static func write(_ bytes: RawSpan, to path: String) throws(SystemError) {
        let writer = try FileWriter(path: path)
        try writer.append(bytes)
        try writer.commit()
    }

    /// Writes a whole text file as UTF-8; as ``write(_:to:)``.
    package static func write(_ text: String, to path: String) throws(SystemError) {
        let bytes = Array(text.utf8)
        try write(unsafe bytes.span.bytes, to: path)
    }

    /// Writes a whole file from an array; as ``write(_:to:)-(RawSpan,_)``.
    package static func write(_ bytes: [UInt8], to path: String) throws(SystemError) {
        try write(unsafe bytes.span.bytes, to: path)
    }

    /// Whether something exists at `path`.
    package static func exists(_ path: String) -> Bool {
        unsafe access(path, F_OK) == 0
    }

    /// The bytes of the file at `path`; nil when there is none, or it is no file.
    package static func byteCount(_ path: String) -> Int? {
        var information = stat()
        guard unsafe stat(path, &information) == 0, information.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(information.st_size)
    }

    /// Removes the file at `path`.
    /// - Throws: ``SystemError/file(operation:path:errorNumber:)``.
    package static func remove(_ path: String) throws(SystemError) {
        guard unsafe unlink(path) == 0 else { throw .file(operation: "remove", path: path, errorNumber: errno) }
    }

    /// Makes the directory at `path` and those above it; one that exists is fine.
    /// - Throws: ``SystemError/file(operation:path:errorNumber:)``.
    package static func makeDirectory(_ path: String) throws(SystemError) {
        if unsafe mkdir(path, 0o777) == 0 { return }
        let errorNumber = errno
        if errorNumber == EEXIST, isDirectory(path) { return }
        if errorNumber == ENOENT, let separator = path.lastIndex(of: "/"), separator != path.startIndex {
            try makeDirectory(String(path[..<separator]))
            if unsafe mkdir(path, 0o777) == 0 { return }
        }
        throw .file(operation: "make directory", path: path, errorNumber: errorNumber)
    }

    /// Whether `path` is a directory.
    package static func isDirectory(_ path: String) -> Bool {
        var information = stat()
        return unsafe stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
    }

    /// The names in a directory, sorted, without `.` and `..`.
    /// - Throws: ``SystemError/file(operation:path:errorNumber:)``.
    package static func list(_ path: String) throws(SystemError) -> [String] {
        guard let directory = unsafe opendir(path) else {
            throw .file(operation: "list", path: path, errorNumber: errno)
        }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}

/// Writes a file piece by piece beside its destination and moves it there in one step.
///
/// Without ``commit()`` nothing appears at the destination. Not for use by two threads at once.
package final class FileWriter {
    private let path: String
    private let temporaryPath: String
    private let descriptor: FileDescriptor
    private var isCommitted = false

    /// The bytes appended so far.
    package private(set) var byteCount = 0

    /// Starts writing the file that is to appear at `path`.
    /// - Throws: ``SystemError/file(operation:path:errorNumber:)`` when the place is not writable or is a directory.
    package init(path: String) throws(SystemError) {
        guard !Files.isDirectory(path) else { throw .file(operation: "write", path: path, errorNumber: EISDIR) }
        let serial = temporarySerial.wrappingAdd(1, ordering: .relaxed).newValue
        temporaryPath = "\(path).\(getpid()).\(serial).partial"
        self.path = path
        do {
            descriptor = try FileDescriptor.open(temporaryPath, flags: O_WRONLY | O_CREAT | O_EXCL, operation: "write")
        } catch {
            throw error.renamed(path: path)
        }
    }

    deinit {
        if !isCommitted { unsafe unlink(temporaryPath) }
    }

    /// Appends bytes.
    /// - Throws: ``SystemError/file(operation:path:errorNumber:)`` with the destination's path.
    package func append(_ bytes: RawSpan) throws(SystemError) {
        do {
            try descriptor.writeAll(bytes)
            byteCount += bytes.byteCount
        } catch {
            throw error.renamed(path: path)
        }
    }

    /// Appends bytes from an array; as ``append(_:)-(RawSpan)``.
    package func append(_ bytes: [UInt8]) throws(SystemError) { try append(unsafe bytes.span.bytes) }

    /// Moves what was written to its destination, replacing what was there.
    /// - Throws: ``SystemError/file(operation:path:errorNumber:)``; the destination is then untouched.
    package func commit() throws(SystemError) {
        guard unsafe rename(temporaryPath, path) == 0 else {
            throw .file(operation: "write", path: path, errorNumber: errno)
        }
        isCommitted = true
    }
}

private let temporarySerial = Atomic<Int>(0)

extension SystemError {
    /// The same error about the path the caller knows.
    fileprivate func renamed(path: String) -> SystemError {
        if case .file(let operation, _, let errorNumber) = self {
            return .file(operation: operation, path: path, errorNumber: errorNumber)
        }
        return self
    }
}
