// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem
internal import Synchronization

private let serial = Atomic<Int>(0)

/// A folder for one test; its files are removed when it goes.
final class TemporaryFolder {
    let path: String
    private var files: [String] = []

    init() throws {
        let number = serial.wrappingAdd(1, ordering: .relaxed).newValue
        path = "/tmp/alula-onnx-tests-\(ProcessIdentity.processNumber)-\(number)"
        try Files.makeDirectory(path)
    }

    deinit {
        for file in files { try? Files.remove(file) }
    }

    /// Writes a file below the folder and returns its path.
    @discardableResult
    func write(_ bytes: [UInt8], to relativePath: String) throws -> String {
        let full = "\(path)/\(relativePath)"
        if let separator = full.lastIndex(of: "/") { try Files.makeDirectory(String(full[..<separator])) }
        try Files.write(bytes, to: full)
        files.append(full)
        return full
    }
}
