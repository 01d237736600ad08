// SPDX-License-Identifier: Apache-2.0

import AlulaSystem
import Synchronization

private let serial = Atomic<Int>(0)

/// A directory for one test; its files are removed when it goes.
final class TemporaryDirectory {
    let path: String

    init() throws {
        let number = serial.wrappingAdd(1, ordering: .relaxed).newValue
        path = "/tmp/alula-system-tests-\(ProcessIdentity.processNumber)-\(number)"
        try Files.makeDirectory(path)
    }

    deinit {
        for name in (try? Files.list(path)) ?? [] { try? Files.remove(path + "/" + name) }
    }

    /// Writes a fixture below the directory, making the directories above it.
    func write(_ text: String, to relativePath: String) throws {
        let full = path + "/" + relativePath
        if let separator = full.lastIndex(of: "/") { try Files.makeDirectory(String(full[..<separator])) }
        try Files.write(text, to: full)
    }
}
