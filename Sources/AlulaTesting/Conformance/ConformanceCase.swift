// SPDX-License-Identifier: Apache-2.0

package import AlulaSystem

/// One of ONNX's backend test cases: a model with inputs and expected outputs.
package struct ConformanceCase: Sendable {
    /// The folder's name, e.g. `test_relu`, or the model file's without its extension.
    package let name: String
    /// The model file.
    package let modelPath: String
    private let folder: String?

    private init(name: String, modelPath: String, folder: String?) {
        self.name = name
        self.modelPath = modelPath
        self.folder = folder
    }

    /// All cases in `directory`, by name: the directory itself, folders at any depth below it that hold a `model.onnx`
    /// and folders `test_data_set_N`; or, directly in it, model files with an `_output_0.pb` beside them, as ONNX's
    /// `light` networks are.
    ///
    /// - Throws: ``SystemError`` when the directory cannot be read.
    package static func discover(in directory: String) throws(SystemError) -> [ConformanceCase] {
        let root = directory.hasSuffix("/") ? String(directory.dropLast()) : directory
        var cases = try networks(in: root)
        var pending = [root]
        while let path = pending.popLast() {
            let names = try Files.list(path)
            if names.contains("model.onnx") {
                let name = path.split(separator: "/").last.map { String($0) } ?? path
                cases.append(ConformanceCase(name: name, modelPath: "\(path)/model.onnx", folder: path))
            } else {
                pending += names.map { "\(path)/\($0)" }.filter { Files.isDirectory($0) }
            }
        }
        return cases.sorted { ($0.name, $0.modelPath) < ($1.name, $1.modelPath) }
    }

    private static func networks(in directory: String) throws(SystemError) -> [ConformanceCase] {
        let files = Set(try Files.list(directory))
        let names = files.filter { $0.hasSuffix(".onnx") }.map { String($0.dropLast(".onnx".count)) }
        return names.filter { files.contains("\($0)_output_0.pb") }.map { name in
            ConformanceCase(name: name, modelPath: "\(directory)/\(name).onnx", folder: nil)
        }
    }

    /// The case's data sets, in order.
    package func dataSets() throws(SystemError) -> [ConformanceDataSet] {
        guard let folder else { return [.ramp(outputPrefix: "\(modelPath.dropLast(".onnx".count))_output")] }
        let names = try Files.list(folder).filter { $0.hasPrefix("test_data_set_") }
        return names.sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }.map { .files(folder: "\(folder)/\($0)") }
    }
}
