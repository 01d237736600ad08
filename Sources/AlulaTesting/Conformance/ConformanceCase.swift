// SPDX-License-Identifier: Apache-2.0

package import AlulaONNX
package import AlulaSystem
package import AlulaTensor

/// One of ONNX's backend test cases: a folder with `model.onnx` and folders `test_data_set_N` of inputs and outputs.
package struct ConformanceCase: Sendable {
    /// The folder's name, e.g. `test_relu`.
    package let name: String
    /// The folder.
    package let path: String

    /// The model file.
    package var modelPath: String { "\(path)/model.onnx" }

    /// All cases below `directory`, which may be a case itself, by name.
    ///
    /// - Throws: ``SystemError`` when the directory cannot be read.
    package static func discover(in directory: String) throws(SystemError) -> [ConformanceCase] {
        var cases: [ConformanceCase] = []
        var pending = [directory.hasSuffix("/") ? String(directory.dropLast()) : directory]
        while let path = pending.popLast() {
            let names = try Files.list(path)
            if names.contains("model.onnx") {
                let name = path.split(separator: "/").last.map { String($0) } ?? path
                cases.append(ConformanceCase(name: name, path: path))
            } else {
                pending += names.map { "\(path)/\($0)" }.filter { Files.isDirectory($0) }
            }
        }
        return cases.sorted { ($0.name, $0.path) < ($1.name, $1.path) }
    }

    /// The paths of the case's data sets, in order.
    package func dataSets() throws(SystemError) -> [String] {
        let names = try Files.list(path).filter { $0.hasPrefix("test_data_set_") }
        return names.sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }.map { "\(path)/\($0)" }
    }

    /// The tensors `prefix_0.pb`, `prefix_1.pb`… of a data set.
    ///
    /// - Throws: ``ImportError``.
    package static func tensors(in dataSet: String, prefix: String) throws(ImportError) -> [Tensor] {
        var tensors: [Tensor] = []
        while Files.exists("\(dataSet)/\(prefix)_\(tensors.count).pb") {
            tensors.append(try Tensor(onnxTensorFile: "\(dataSet)/\(prefix)_\(tensors.count).pb"))
        }
        return tensors
    }
}
