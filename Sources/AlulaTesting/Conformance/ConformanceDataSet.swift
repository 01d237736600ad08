// SPDX-License-Identifier: Apache-2.0

package import AlulaGraph
package import AlulaONNX
internal import AlulaSystem
package import AlulaTensor

/// Inputs of a conformance case and the outputs it must give for them.
package enum ConformanceDataSet: Sendable {
    /// Files `input_0.pb`, `output_0.pb` and so on in `folder`.
    case files(folder: String)
    /// Inputs rise evenly from 0 to just below 1, as ONNX's test runner makes them; outputs are files.
    case ramp(outputPrefix: String)

    /// One tensor an input of `graph`.
    ///
    /// - Throws: ``ImportError``.
    package func inputs(of graph: Graph) throws(ImportError) -> [Tensor] {
        switch self {
        case .files(let folder):
            return try Self.tensors("\(folder)/input")
        case .ramp:
            return graph.inputs.map { input in
                let shape = Shape((graph[input].dimensions ?? []).map { $0.extent ?? 1 })
                let count = Double(shape.elementCount)
                return Tensor((0..<shape.elementCount).map { Float(Double($0) / count) }, shape: shape)
            }
        }
    }

    /// The expected outputs, in order.
    ///
    /// - Throws: ``ImportError``.
    package func outputs() throws(ImportError) -> [Tensor] {
        switch self {
        case .files(let folder): try Self.tensors("\(folder)/output")
        case .ramp(let outputPrefix): try Self.tensors(outputPrefix)
        }
    }

    private static func tensors(_ prefix: String) throws(ImportError) -> [Tensor] {
        var tensors: [Tensor] = []
        while Files.exists("\(prefix)_\(tensors.count).pb") {
            tensors.append(try Tensor(onnxTensorFile: "\(prefix)_\(tensors.count).pb"))
        }
        return tensors
    }
}
