// SPDX-License-Identifier: Apache-2.0

public import AlulaOperators
public import AlulaPlan
package import AlulaSystem
internal import AlulaTensor

extension Plan {
    /// Maps a plan file; weights stay in the mapping and are shared with other processes.
    ///
    /// Everything in the file is checked first. The file must not be changed or truncated while the plan is in use.
    /// - Throws: ``PlanError``, naming what is wrong with the file.
    public init(contentsOf path: String, operators: OperatorRegistry = .standard) throws(PlanError) {
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch {
            throw .file(path: path, reason: "\(error)")
        }
        // Checksums read every byte: ask for all of them at once.
        file.prefetch(0..<file.byteCount)
        try self.init(from: TensorStorage(viewing: file.bytes, of: file), operators: operators)
    }

    /// Whether the file at `path` begins like a plan file, of any version. Reads no more than its first bytes.
    ///
    /// - Throws: ``SystemError/file(operation:path:errorNumber:)``.
    package static func isPlan(contentsOf path: String) throws(SystemError) -> Bool {
        let file = try MappedFile(path: path)
        let storage = TensorStorage(viewing: file.bytes, of: file)
        let start = Tensor(dataType: .uint8, shape: [min(file.byteCount, 8)], storage: storage, byteOffset: 0)
        return isPlan(start?.elements(as: UInt8.self) ?? [])
    }

    /// Writes the plan to a file, which appears complete or not at all.
    ///
    /// - Returns: the file's length in bytes.
    /// - Throws: ``PlanError/file(path:reason:)``; a file that was there before is then untouched.
    @discardableResult
    public func write(to path: String) throws(PlanError) -> Int {
        do throws(SystemError) {
            let writer = try FileWriter(path: path)
            try serialize { piece throws(SystemError) in try writer.append(piece.bytes) }
            try writer.commit()
            return writer.byteCount
        } catch {
            throw .file(path: path, reason: "\(error)")
        }
    }
}
