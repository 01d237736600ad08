// SPDX-License-Identifier: Apache-2.0

internal import AlulaSystem
internal import AlulaTensor

/// The bytes of one model: its file, mapped, and the external data files beside it, mapped when first needed.
///
/// Tensors made from it point into the mappings and keep them alive. Used by one thread while a model is read.
final class ModelSource {
    /// The path given by the caller, or a placeholder for bytes in memory.
    let path: String
    /// All bytes of the model file.
    let content: Tensor  // uint8 [byteCount]
    private let folder: String?
    private var externalFiles: [String: Tensor] = [:]

    /// Maps the file at `path`.
    init(path: String) throws(ImportError) {
        self.path = path
        content = try Self.map(path)
        folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }

    /// Reads `bytes`; external data is looked up in `folder`, or refused without one.
    init(bytes: [UInt8], folder: String?) {
        path = "<memory>"
        content = Tensor(bytes, shape: [bytes.count])
        self.folder = folder.map { $0.isEmpty || $0.hasSuffix("/") ? $0 : $0 + "/" }
    }

    /// The bytes of the external data file at `location`, a path below the model's folder.
    func externalFile(_ location: String) throws(ImportError) -> Tensor {
        if let file = externalFiles[location] { return file }
        let parts = location.split(separator: "/", omittingEmptySubsequences: false)
        guard let folder, !location.utf8.contains(0), !parts.contains(".."), !location.hasPrefix("/"), parts.last != ""
        else {
            throw .file(path: location, reason: "external data must lie in the model's folder")
        }
        let file = try Self.map(folder + location)
        externalFiles[location] = file
        return file
    }

    private static func map(_ path: String) throws(ImportError) -> Tensor {
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch {
            throw .file(path: path, reason: "\(error)")
        }
        let storage = TensorStorage(viewing: file.bytes, of: file)
        guard let tensor = Tensor(dataType: .uint8, shape: [file.byteCount], storage: storage, byteOffset: 0) else {
            throw .file(path: path, reason: "the mapping is shorter than the file")
        }
        return tensor
    }
}
