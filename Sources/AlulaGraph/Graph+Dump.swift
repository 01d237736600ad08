// SPDX-License-Identifier: Apache-2.0

internal import AlulaOperators
internal import AlulaTensor

extension Graph: CustomStringConvertible {
    /// The graph as text: inputs, constants in order of first use, nodes in execution order, outputs.
    ///
    /// Stable for equal graphs, so tests compare it line by line:
    /// ```
    /// graph "network"
    ///   input x: float32 [N, 3]
    ///   constant w: float32 [3, 2]
    ///   y = MatMul(x, w)
    ///   output y
    /// ```
    public var description: String {
        var lines = ["graph \"\(name)\""]
        for id in inputs { lines.append("  input \(declaration(self[id]))") }
        var listed = Set<ValueID>()
        for id in order {
            for input in self[id].inputs.compactMap(\.self) where listed.insert(input).inserted {
                lines += constantLine(input)
            }
        }
        for id in outputs where listed.insert(id).inserted { lines += constantLine(id) }
        for id in order { lines.append("  \(nodeLine(self[id]))") }
        for id in outputs { lines.append("  output \(self[id].name)") }
        return lines.joined(separator: "\n") + "\n"
    }

    private func declaration(_ value: Value) -> String {
        let type = value.dataType.map { "\($0)" } ?? "?"
        let dimensions = value.dimensions.map { "[" + $0.map(\.description).joined(separator: ", ") + "]" } ?? "?"
        return "\(value.name): \(type) \(dimensions)"
    }

    private func constantLine(_ id: ValueID) -> [String] {
        guard let tensor = self[id].constant else { return [] }
        let content = tensor.elementCount <= 8 && tensor.isContiguous ? " = \(tensor.printedElements)" : ""
        return ["  constant \(declaration(self[id]))\(content)"]
    }

    private func nodeLine(_ node: Node) -> String {
        let outputs = node.outputs.map { $0.map { self[$0].name } ?? "_" }.joined(separator: ", ")
        let inputs = node.inputs.map { $0.map { self[$0].name } ?? "_" }.joined(separator: ", ")
        let title = node.name == (node.outputs.first.flatMap { $0 }.map { self[$0].name }) ? "" : "  \"\(node.name)\""
        return "\(outputs) = \(node.operation.described.printed)(\(inputs))\(title)"
    }
}

extension OperatorDescription {
    /// Name and parameters as text: `Conv{group: 1}`; the producer and its stages of a fused operator.
    package var printed: String {
        let entries = attributes.sortedNames.compactMap { name -> String? in
            guard let value = attributes[name] else { return nil }
            return "\(name): \(value.printed)"
        }
        return entries.isEmpty ? name : "\(name){\(entries.joined(separator: ", "))}"
    }
}

extension AttributeValue {
    /// The value as text.
    fileprivate var printed: String {
        switch self {
        case .integer(let value): "\(value)"
        case .float(let value): "\(value)"
        case .string(let value): "'\(value)'"
        case .integers(let values): "\(values)"
        case .floats(let values): "\(values)"
        case .strings(let values): "\(values)"
        case .operators(let values): "[" + values.map(\.printed).joined(separator: " + ") + "]"
        }
    }
}

extension Tensor {
    /// The elements as text; integers and bools without a decimal point.
    fileprivate var printedElements: String { integers().map { "\($0)" } ?? "\(doubles())" }
}
