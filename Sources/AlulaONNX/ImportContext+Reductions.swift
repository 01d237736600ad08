// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
package import AlulaTensor

extension ImportContext {
    /// Appends a reduction, whose axes are an attribute before `axesInputSince` and an input from then on.
    mutating func emitReduction<T: ReductionOperator>(_: T.Type, axesInputSince: Int) throws(ImportError) {
        let keepsDimensions = try bool("keepdims", default: true)
        guard opset < axesInputSince else {
            let ignoresEmptyAxes = try bool("noop_with_empty_axes", default: false)
            return emit(T(keepsDimensions: keepsDimensions, ignoresEmptyAxes: ignoresEmptyAxes))
        }
        var operands = Array(inputs.prefix(1))
        if let axes = try integers("axes"), !axes.isEmpty {
            operands.append(addConstant(Tensor(axes.map(Int64.init), shape: [axes.count])))
        }
        emit(T(keepsDimensions: keepsDimensions, ignoresEmptyAxes: false), inputs: operands)
    }

    /// The attribute `name`, one of ONNX's numbers of element types, or `fallback` when absent.
    package func dataType(_ name: String, default fallback: DataType? = nil) throws(ImportError) -> DataType {
        if let fallback, node.attributes[name] == nil { return fallback }
        let number = try integer(name, default: 0)
        guard let dataType = UInt8(exactly: number).flatMap(DataType.init(rawValue:)) else {
            throw unsupported("\(name) = \(number)", expected: "the number of a supported element type")
        }
        return dataType
    }
}
